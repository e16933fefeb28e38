"""Runs models over damaged images, pictures as users take them, and pictures of no digit. Nothing here is timed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from bench.robustness.corruptions import CORRUPTIONS, STRENGTHS, corrupted
from bench.robustness.drawn_pictures import KINDS
from bench.robustness.strangers import STRANGERS
from digit_infer import dataset, image
from digit_infer.benchmark.calibration import Bin, expected_calibration_error, reliability
from digit_infer.contract import CLASSES
from digit_infer.errors import PictureError
from digit_infer.predictor import Predictor

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

    from digit_infer.contract import Images, Probabilities

_SEED = 280
KEPT = (0.95, 0.98, 0.99)
"""Shares of digits kept, at which the share of rejected strangers is told."""

Shares: TypeAlias = Mapping[str, float]


@dataclass(frozen=True)
class Corrupted:
    """Accuracy on so many test images by kind of damage, at three strengths, and the mean of all."""

    images: int
    clean: float
    by_kind: Mapping[str, tuple[float, ...]]
    mean: float


@dataclass(frozen=True)
class Calibrated:
    """How far confidence lies from accuracy on so many test images, and on damaged ones (weak, all kinds)."""

    images: int
    error: float
    bins: tuple[Bin, ...]
    error_damaged: float


@dataclass(frozen=True)
class Drawn:
    """The share of right answers to so many pictures of each kind, and of answers as to the original for ``drawn_out``."""

    pictures: int
    by_kind: Shares
    agreeing: float
    agreeing_pictures: int


@dataclass(frozen=True)
class Rejected:
    """The share of strangers that a measure of confidence rejects which keeps a share of the test images.

    ``of_default`` is the share that the model's own measure rejects, which keeps ``kept_by_default`` of the test images.
    """

    pictures: int
    by_kept: Mapping[str, Shares]
    of_default: Shares
    kept_by_default: float


def on_corrupted(models: Mapping[str, Predictor]) -> dict[str, tuple[Corrupted, float]]:
    """Return what each model does on the corrupted test set, and its calibration error on the weakly damaged images."""
    test = dataset.load("test")
    right: dict[str, dict[str, list[float]]] = {name: {kind: [] for kind in CORRUPTIONS} for name in models}
    weak: dict[str, list[Probabilities]] = {name: [] for name in models}
    for kind in CORRUPTIONS:
        for strength in range(len(STRENGTHS)):
            damaged = corrupted(test.images, kind, strength)
            for name, predictor in models.items():
                answers = predictor.predict_array(damaged)
                right[name][kind].append(float((answers.argmax(axis=1) == test.labels).mean()))
                if strength == 0:
                    weak[name].append(answers)
    labels = np.tile(test.labels, len(CORRUPTIONS))
    found = {}
    for name, predictor in models.items():
        clean = float((predictor.predict_array(test.images).argmax(axis=1) == test.labels).mean())
        by_kind = {kind: tuple(values) for kind, values in right[name].items()}
        mean = float(np.mean([value for values in by_kind.values() for value in values]))
        error = expected_calibration_error(reliability(np.concatenate(weak[name]), labels))
        found[name] = Corrupted(len(test), clean, by_kind, mean), error
    return found


def calibration(predictor: Predictor, error_damaged: float) -> Calibrated:
    """Return how well a model's confidence means what it says, on the test set."""
    test = dataset.load("test")
    bins = reliability(predictor.predict_array(test.images), test.labels)
    return Calibrated(len(test), expected_calibration_error(bins), tuple(bins), error_damaged)


def on_drawn(models: Mapping[str, Predictor], pictures: int, agreeing_pictures: int) -> dict[str, Drawn]:
    """Return what models answer to test digits drawn as users take pictures, so many of each kind."""
    test = dataset.load("test")
    by_kind: dict[str, dict[str, float]] = {name: {} for name in models}
    for kind in KINDS:
        seen = _seen(_drawn(kind, test.images[:pictures]))
        for name, predictor in models.items():
            by_kind[name][kind] = float((_answers(predictor, seen) == test.labels[:pictures]).mean())
    originals = test.images[:agreeing_pictures]
    seen = _seen(_drawn("drawn_out", originals))
    return {
        name: Drawn(
            pictures,
            by_kind[name],
            float((_answers(predictor, seen) == predictor.predict_array(originals).argmax(axis=1)).mean()),
            agreeing_pictures,
        )
        for name, predictor in models.items()
    }


def on_strangers(models: Mapping[str, Predictor], pictures: int) -> dict[str, Rejected]:
    """Return which pictures of no digit models reject, so many of each kind; what has no ink is rejected by all."""
    test = dataset.load("test")
    seen = {}
    for number, (kind, stranger) in enumerate(STRANGERS.items()):
        draw = np.random.default_rng((_SEED, number))
        seen[kind] = _seen(stranger(draw) for _ in range(pictures))
    found = {}
    for name, predictor in models.items():
        digits = predictor.predict_array(test.images).max(axis=1)
        confidence = {kind: _probabilities(predictor, images).max(axis=1) for kind, images in seen.items()}
        by_kept = {
            str(kept): {kind: float((values < np.quantile(digits, 1 - kept)).mean()) for kind, values in confidence.items()}
            for kept in KEPT
        }
        least = predictor.reject_below
        of_default = {kind: float((values < least).mean()) for kind, values in confidence.items()}
        found[name] = Rejected(pictures, by_kept, of_default, float((digits >= least).mean()))
    return found


def _drawn(kind: str, digits: Images) -> Iterator[Image.Image]:
    draw = np.random.default_rng((_SEED, list(KINDS).index(kind)))
    return (KINDS[kind](digit, draw) for digit in digits)


def _seen(pictures: Iterator[Image.Image]) -> list[Images | None]:
    """Return what the network would see of each picture, None where there is no ink."""
    found: list[Images | None] = []
    for picture in pictures:
        try:
            found.append(image.normalize(image.decode(picture)).image)
        except PictureError:
            found.append(None)
    return found


def _probabilities(predictor: Predictor, seen: list[Images | None]) -> NDArray[np.float64]:
    """Return the answer to each, [N, 10]; a row of zeros where there was nothing to see."""
    rows = np.zeros((len(seen), CLASSES))
    there = [number for number, one in enumerate(seen) if one is not None]
    if there:
        rows[there] = predictor.predict_array(np.stack([one for one in seen if one is not None]))
    return rows


def _answers(predictor: Predictor, seen: list[Images | None]) -> NDArray[np.int64]:
    """Return the digit of each, -1 where there was none to see."""
    rows = _probabilities(predictor, seen)
    return np.where(rows.any(axis=1), rows.argmax(axis=1), -1)
