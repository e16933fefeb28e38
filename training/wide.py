"""Training data of our own networks beside MNIST: other writers, digits of the picture path, and many kinds of non-digits.

All of it is drawn once, the same for all seeds; each epoch takes a random part of it and distorts it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from digit_infer.files import atomic_write
from training.hands import Hands
from training.non_digits import WIDE, non_digits
from training.picture_path import found_again, found_without

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Images = NDArray[np.uint8]
    Labels = NDArray[np.uint8]

_SEED = 20_261_129
_JUDGE = "softmax_regression"
"""The classifier of the picture path while the pool is drawn; it is not trained on the pool."""


@dataclass(frozen=True)
class Amounts:
    """Numbers of MNIST's images to thin, digits by other writers, digits on pictures, non-digits, and bare pictures."""

    thinned: int = 8_000
    hands: int = 24_000
    on_pictures: int = 16_000
    non_digits: int = 60_000
    bare: int = 5_000


@dataclass(frozen=True, eq=False)
class Pool:
    """Digits uint8 [N, 28, 28] with their labels uint8 [N], and non-digits uint8 [M, 28, 28]."""

    digits: Images
    labels: Labels
    others: Images


def drawn_pool(images: Images, labels: Labels, amounts: Amounts = Amounts()) -> Pool:
    """Draw the pool from training images uint8 [N, 28, 28] and their labels; takes minutes."""
    draw = np.random.default_rng(_SEED)
    by_hands, hand_labels = Hands(images, labels, amounts.thinned).digits(amounts.hands, draw)
    chosen = draw.choice(len(images), amounts.on_pictures, replace=False)
    seen, seen_labels = found_again(images[chosen], labels[chosen], _JUDGE, draw)
    drawn = non_digits(amounts.non_digits, images, labels, draw, WIDE)
    bare = found_without(amounts.bare, _JUDGE, draw)
    return Pool(np.concatenate([by_hands, seen]), np.concatenate([hand_labels, seen_labels]), np.concatenate([drawn, bare]))


def stored_pool(path: Path, images: Images, labels: Labels) -> Pool:
    """Return the pool stored in ``path``, or draw it and store it there."""
    if not path.exists():
        pool = drawn_pool(images, labels)
        with atomic_write(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, digits=pool.digits, labels=pool.labels, others=pool.others)
        return pool
    with np.load(path) as stored:
        return Pool(stored["digits"], stored["labels"], stored["others"])
