"""How right answers are, and how often they differ from a reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from digit_infer.benchmark.statistics import wilson_interval
from digit_infer.zoo.manifest import Accuracy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.contract import Probabilities


def accuracy_of(probabilities: Probabilities, labels: NDArray[np.uint8]) -> Accuracy:
    """Count right answers: float32 [N, 10] against uint8 [N]."""
    return accuracy_of_digits(probabilities.argmax(axis=1).astype(np.uint8), labels)


def accuracy_of_digits(digits: NDArray[np.uint8], labels: NDArray[np.uint8]) -> Accuracy:
    """Count right digits: uint8 [N] against uint8 [N]."""
    correct = int(np.sum(digits == labels))
    low, high = wilson_interval(correct, len(labels))
    return Accuracy(correct, len(labels), low, high)


def flips(reference: Probabilities, candidate: Probabilities) -> tuple[int, ...]:
    """Return the indices of the images whose answer differs; both float32 [N, 10]."""
    return tuple(int(index) for index in np.flatnonzero(reference.argmax(axis=1) != candidate.argmax(axis=1)))
