"""The training data of each epoch of our own networks: distorted images, pictures without a digit, and soft targets."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from digit_infer.contract import CLASSES
from training.distortion import coarsened, distorted
from training.errors import TrainingError
from training.non_digits import non_digits

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from training.recipe import Distortion, Regime, Wide
    from training.wide import Pool

    Images = NDArray[np.float32]
    Labels = NDArray[np.uint8]
    Targets = NDArray[np.float32]
    """float32 [N, 10], rows sum to 1"""

    Teacher = Callable[[Images], Targets]

_POOL = 24_000
_POOL_SEED = 20_261_121


def one_hot(labels: Labels) -> Targets:
    """Return one-hot targets."""
    return np.eye(CLASSES, dtype=np.float32)[labels]


def drawn_non_digits(count: int, images: Images, labels: Labels, draw: np.random.Generator) -> Images:
    """Return pictures without a digit, some made from ``images``: float32 [N, 28, 28, 1] in 0..1."""
    as_bytes = np.rint(images[..., 0] * 255).astype(np.uint8)
    return non_digits(count, as_bytes, labels, draw)[..., None].astype(np.float32) / np.float32(255)


class Epochs:
    """The images and targets of each epoch of a regime, from training data.

    Pictures without a digit are drawn once, the same for all seeds; each epoch takes a random part of them and distorts it.
    """

    def __init__(
        self,
        regime: Regime,
        images: Images,
        labels: Labels,
        teacher: Teacher | None,
        wide: tuple[Wide, Pool] | None = None,
    ) -> None:
        """Take training data float32 [N, 28, 28, 1] in 0..1 and uint8 [N]."""
        self._regime, self._wide = regime, None if wide is None else wide[0]
        self._images, self._labels = images[..., 0], labels
        self._teacher = teacher
        if wide is not None:
            self._others = wide[1].others
            self._hands, self._hand_labels = wide[1].digits, wide[1].labels
        else:
            draw = np.random.default_rng(_POOL_SEED)
            drawn = drawn_non_digits(_POOL, images, labels, draw) if regime.non_digits else images[:0]
            self._others = np.rint(drawn[..., 0] * 255).astype(np.uint8)
            self._hands, self._hand_labels = self._others[:0], labels[:0]

    def epoch(self, seed: int, number: int, distortion: Distortion | None = None) -> tuple[Images, Targets]:
        """Return the data of an epoch in its order: images float32 [M, 28, 28, 1] in 0..1, and targets [M, 10].

        ``distortion`` replaces the regime's.

        Raises:
            TrainingError: the regime names teachers, and no teacher was passed.
        """
        regime, count = self._regime, len(self._labels)
        if regime.teachers and self._teacher is None:
            raise TrainingError(f"{', '.join(regime.teachers)} must teach, but no teacher was passed", "pass teacher=")
        draw = np.random.default_rng((seed, number, 3))
        hands, among = self._wide.added_to(count) if self._wide else (0, regime.non_digits_among(count))
        chosen = draw.integers(max(len(self._others), 1), size=among)  # of none, none
        by_hands = draw.integers(max(len(self._hands), 1), size=hands)
        drawn = np.concatenate([self._hands[by_hands], self._others[chosen]]).astype(np.float32) / np.float32(255)
        images = np.concatenate([self._images, drawn])
        known = one_hot(np.concatenate([self._labels, self._hand_labels[by_hands]]))
        targets = np.concatenate([known, np.full((among, CLASSES), 1 / CLASSES, np.float32)])
        targets *= np.float32(1 - regime.label_smoothing)
        targets += np.float32(regime.label_smoothing / CLASSES)
        order = draw.permutation(len(images))
        images, targets = images[order], targets[order]
        distortion = distortion or regime.distortion
        if self._wide is None:
            images = distorted(images, distortion, draw)
        else:
            coarse = draw.random(len(images)) < self._wide.coarse
            images[~coarse] = distorted(images[~coarse], distortion, draw)
            images[coarse] = coarsened(distorted(images[coarse], replace(distortion, damage=0), draw), draw)
        if self._teacher is not None:
            taught = np.flatnonzero(order < count + hands)
            targets[taught] += np.float32(regime.teacher_share) * (
                self._teacher(images[taught, ..., None]) - targets[taught]
            )
        return images[..., None], targets
