"""Accuracy, differences from a reference, and calibration: of predictions with 90 % confidence, 90 % should be correct."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from digit_infer.benchmark.statistics import wilson_interval
from digit_infer.zoo.manifest import Accuracy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.contract import Probabilities

BINS = 15
"""As many as in C. Guo et al., On calibration of modern neural networks, 2017."""

_SMALLEST_PROBABILITY = 1e-12


def accuracy_of(probabilities: Probabilities, labels: NDArray[np.uint8]) -> Accuracy:
    """Return the accuracy of probabilities float32 [N, 10] for labels uint8 [N]."""
    return accuracy_of_digits(probabilities.argmax(axis=1).astype(np.uint8), labels)


def accuracy_of_digits(digits: NDArray[np.uint8], labels: NDArray[np.uint8]) -> Accuracy:
    """Return the accuracy of digits uint8 [N] for labels uint8 [N]."""
    correct = int(np.sum(digits == labels))
    low, high = wilson_interval(correct, len(labels))
    return Accuracy(correct, len(labels), low, high)


def flips(reference: Probabilities, candidate: Probabilities) -> tuple[int, ...]:
    """Return the indices of the images whose digit differs; both are float32 [N, 10]."""
    return tuple(int(index) for index in np.flatnonzero(reference.argmax(axis=1) != candidate.argmax(axis=1)))


@dataclass(frozen=True)
class Bin:
    """The predictions in a range of confidence: their number, mean confidence and accuracy."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def reliability(probabilities: Probabilities, labels: NDArray[np.uint8], bins: int = BINS) -> list[Bin]:
    """Sort probabilities float32 [N, 10] into bins of equal width by confidence; empty bins are left out."""
    confidence, right = probabilities.max(axis=1).astype(np.float64), probabilities.argmax(axis=1) == labels
    number = np.clip((confidence * bins).astype(np.int64), 0, bins - 1)
    return [
        Bin(one / bins, (one + 1) / bins, int(inside.sum()), float(confidence[inside].mean()), float(right[inside].mean()))
        for one in range(bins)
        if (inside := number == one).any()
    ]


def expected_calibration_error(bins: list[Bin]) -> float:
    """Return the mean distance of confidence from accuracy over all predictions (M. P. Naeini et al. 2015)."""
    total = sum(entry.count for entry in bins)
    return sum(entry.count * abs(entry.confidence - entry.accuracy) for entry in bins) / total


def tempered(probabilities: Probabilities, temperature: float) -> Probabilities:
    """Return the probabilities float32 [N, 10] for logits divided by ``temperature``."""
    logits = np.log(np.maximum(probabilities.astype(np.float64), _SMALLEST_PROBABILITY)) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: Probabilities = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return result


def cross_entropy(probabilities: Probabilities, labels: NDArray[np.uint8]) -> float:
    """Return the mean negative logarithm of the probability of the label."""
    right = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return float(-np.log(np.maximum(right, _SMALLEST_PROBABILITY)).mean())


def best_temperature(probabilities: Probabilities, labels: NDArray[np.uint8]) -> float:
    """Return the temperature of least cross-entropy (Guo et al. 2017), to two digits, from 0.3 to 3."""
    candidates = np.round(np.arange(0.3, 3.0, 0.01), 2)
    losses = [cross_entropy(tempered(probabilities, float(candidate)), labels) for candidate in candidates]
    return float(candidates[int(np.argmin(losses))])
