"""Measures models on corrupted, drawn and out-of-distribution pictures. Nothing here is timed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from bench.robustness.corruptions import CORRUPTIONS, STRENGTHS, corrupted
from bench.robustness.drawn_pages import PAGES
from bench.robustness.drawn_pictures import KINDS
from bench.robustness.out_of_distribution import OUT_OF_DISTRIBUTION
from bench.robustness.unseen_pictures import UNSEEN
from digit_infer import dataset
from digit_infer.benchmark.statistics import Bin, expected_calibration_error, reliability
from digit_infer.prediction import Prediction, Unanswered
from digit_infer.predictor import Predictor

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

    from bench.robustness.drawn_pictures import Kind
    from digit_infer.contract import Images, Probabilities
    from digit_infer.dataset import Split

_SEED = 280
_UNSEEN_SEED = 20_261_129
_PAGES_SEED = 77
_AT_A_TIME = 1_000
"""Number of drawn pictures in memory."""

KEPT = (0.95, 0.98, 0.99)
"""Shares of digits kept, for which the rejected share of out-of-distribution pictures is reported."""

Shares: TypeAlias = Mapping[str, float]


@dataclass(frozen=True)
class Corrupted:
    """Accuracy on ``images`` test images by corruption, at three strengths, and the mean of all."""

    images: int
    clean: float
    by_kind: Mapping[str, tuple[float, ...]]
    mean: float


@dataclass(frozen=True)
class Calibrated:
    """Calibration error on ``images`` test images, and on corrupted ones (weak, all kinds)."""

    images: int
    error: float
    bins: tuple[Bin, ...]
    error_damaged: float


@dataclass(frozen=True)
class Drawn:
    """Accuracy on ``pictures`` of each kind; ``agreeing`` is how often ``drawn_out`` gets the answer of its original.

    ``unseen`` has the kinds that training does not imitate.
    """

    pictures: int
    by_kind: Shares
    unseen: Shares
    agreeing: float
    agreeing_pictures: int


@dataclass(frozen=True)
class Rejected:
    """Share of out-of-distribution pictures rejected by thresholds that keep given shares of the test images.

    ``of_default`` is the share rejected by the model's own threshold, which keeps ``kept_by_default`` of the test images.
    """

    pictures: int
    by_kept: Mapping[str, Shares]
    of_default: Shares
    kept_by_default: float


def on_corrupted(models: Mapping[str, Predictor]) -> dict[str, tuple[Corrupted, float]]:
    """Return each model's results on the corrupted test set, and its calibration error on weakly corrupted images."""
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
    """Return a model's calibration on the test set."""
    test = dataset.load("test")
    bins = reliability(predictor.predict_array(test.images), test.labels)
    return Calibrated(len(test), expected_calibration_error(bins), tuple(bins), error_damaged)


def on_drawn(models: Mapping[str, Predictor], pictures: int, agreeing_pictures: int) -> dict[str, Drawn]:
    """Return results on drawn test digits, ``pictures`` of each kind."""
    test = dataset.load("test")
    seen = _right(models, KINDS, _SEED, test.images[:pictures], test.labels[:pictures])
    unseen = _right(models, UNSEEN, _UNSEEN_SEED, test.images[:pictures], test.labels[:pictures])
    originals = test.images[:agreeing_pictures]
    agreeing = dict.fromkeys(models, 0)
    drawn = _drawn(KINDS["drawn_out"], np.random.default_rng((_SEED, list(KINDS).index("drawn_out"))), originals)
    for start in range(0, len(originals), _AT_A_TIME):
        some = list(islice(drawn, _AT_A_TIME))
        for name, predictor in models.items():
            expected = predictor.predict_array(originals[start : start + len(some)]).argmax(axis=1)
            agreeing[name] += int((_digits(predictor, some) == expected).sum())
    return {
        name: Drawn(pictures, seen[name], unseen[name], agreeing[name] / len(originals), agreeing_pictures)
        for name in models
    }


def on_out_of_distribution(models: Mapping[str, Predictor], pictures: int) -> dict[str, Rejected]:
    """Return how many pictures of no digit models reject, ``pictures`` of each kind.

    Pictures without ink, or with several digits, are rejected at any threshold.
    """
    test = dataset.load("test")
    confidence: dict[str, dict[str, NDArray[np.float64]]] = {name: {} for name in models}
    for number, (kind, drawing) in enumerate(OUT_OF_DISTRIBUTION.items()):
        draw = np.random.default_rng((_SEED, number))
        drawn = [drawing(draw) for _ in range(pictures)]
        for name, predictor in models.items():
            confidence[name][kind] = np.array([confidence_of(answer) for answer in predictor.predict_many(drawn)])
    found = {}
    for name, predictor in models.items():
        digits = predictor.predict_array(test.images).max(axis=1)
        by_kept = {str(kept): _rejected(confidence[name], float(np.quantile(digits, 1 - kept))) for kept in KEPT}
        least = predictor.reject_below
        found[name] = Rejected(pictures, by_kept, _rejected(confidence[name], least), float((digits >= least).mean()))
    return found


def on_pages(
    models: Mapping[str, Predictor], count: int, digits: Split, seed: int = _PAGES_SEED
) -> dict[str, dict[str, int]]:
    """Return how many of ``count`` pages of each kind, drawn around some of ``digits``, each model reads exactly."""
    exact: dict[str, dict[str, int]] = {name: dict.fromkeys(PAGES, 0) for name in models}
    for number, (kind, page) in enumerate(PAGES.items()):
        draw = np.random.default_rng((seed, number))
        for _ in range(count):
            picture, text = page(digits, draw)
            for name, predictor in models.items():
                exact[name][kind] += predictor.read(picture).text.replace("\n", "/") == text
    return exact


def digit_of(answer: Prediction | Unanswered) -> int:
    """Return the digit of an answer, -1 for none or several."""
    return -1 if isinstance(answer, Unanswered) or answer.several or not answer.image.any() else answer.digit


def confidence_of(answer: Prediction | Unanswered) -> float:
    """Return the confidence that a picture shows one digit, -1 for none or several."""
    return -1.0 if isinstance(answer, Unanswered) or digit_of(answer) < 0 else answer.confidence


def _right(
    models: Mapping[str, Predictor], kinds: Mapping[str, Kind], seed: int, digits: Images, labels: NDArray[np.integer]
) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {name: {} for name in models}
    for number, (kind, drawn) in enumerate(kinds.items()):
        pictures = list(_drawn(drawn, np.random.default_rng((seed, number)), digits))
        for name, predictor in models.items():
            found[name][kind] = float((_digits(predictor, pictures) == labels).mean())
    return found


def _drawn(kind: Kind, draw: np.random.Generator, digits: Images) -> Iterator[Image.Image]:
    return (kind(digit, draw) for digit in digits)


def _digits(predictor: Predictor, pictures: list[Image.Image]) -> NDArray[np.int64]:
    return np.array([digit_of(answer) for answer in predictor.predict_many(pictures)])


def _rejected(confidence: Mapping[str, NDArray[np.float64]], least: float) -> dict[str, float]:
    return {kind: float(((values < least) | (values < 0)).mean()) for kind, values in confidence.items()}
