"""Statistics of answers and of times: accuracy, calibration, intervals, percentiles and histograms.

Calibration: of predictions with 90 % confidence, 90 % should be correct. A histogram keeps samples as counts in narrow
bins, so a record is small and every statistic can be computed again.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from digit_infer.zoo.manifest import Accuracy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from digit_infer.contract import Probabilities

Z_95 = 1.959963984540054
"""The 97.5 % quantile of the normal distribution: 95 % lie within plus and minus this many deviations."""

SAMPLES_NEEDED = {50: 1, 90: 64, 99: 662, 99.9: 6_700}
"""The fewest samples for which a percentile is printed, by percentile."""

_BITS = 11
"""Significant bits that a bin keeps, as HdrHistogram does (G. Tene, hdrhistogram.org): a bin is at most 1/1,024 wide."""


class Interval(NamedTuple):
    """A lower and an upper bound."""

    low: float
    high: float


def wilson_interval(successes: int, trials: int, z: float = Z_95) -> Interval:
    """Return Wilson's score interval of a share: E. B. Wilson, JASA 22 (1927), 209-212.

    Raises:
        ValueError: there are no trials, or more successes than trials.
    """
    if not 0 <= successes <= trials or trials == 0:
        raise ValueError(f"{successes} successes in {trials} trials")
    share = successes / trials
    centre = share + z * z / (2 * trials)
    spread = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    return Interval(max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale))


def mean_and_deviation(values: Sequence[float]) -> str:
    """Write values as mean ± deviation."""
    if len(values) == 1:
        return f"{values[0]:.4f}"
    return f"{statistics.fmean(values):.4f} ± {statistics.stdev(values):.4f}"


@dataclass(frozen=True)
class Histogram:
    """The number of samples in each bin. ``bins_ns`` has the shortest time of each bin, ascending."""

    bins_ns: tuple[int, ...]
    counts: tuple[int, ...]

    @classmethod
    def of(cls, samples_ns: Iterable[int]) -> Histogram:
        """Count samples of whole nanoseconds, 0 or more."""
        return cls._from(Counter(map(_bin, samples_ns)))

    @classmethod
    def merged(cls, parts: Iterable[Histogram]) -> Histogram:
        """Add histograms up."""
        counted: Counter[int] = Counter()
        for part in parts:
            counted.update(dict(zip(part.bins_ns, part.counts, strict=True)))
        return cls._from(counted)

    @classmethod
    def _from(cls, counted: Mapping[int, int]) -> Histogram:
        bins = sorted(counted)
        return cls(tuple(bins), tuple(counted[start] for start in bins))

    @property
    def samples(self) -> int:
        """The number of samples."""
        return sum(self.counts)

    def percentile_us(self, percent: float) -> float | None:
        """Return the nearest-rank percentile in µs, at most 0.1 % too short, or None for too few samples."""
        total = self.samples
        if total < SAMPLES_NEEDED[percent]:
            return None
        return self.at_rank(percent / 100 * total) / 1000

    def at_rank(self, rank: float) -> int:
        """Return the bin, in ns, that holds the sample of a rank, counted from 1 and rounded up; there is at least one."""
        wanted = min(max(1, ceil(rank)), self.samples)
        reached = accumulate(self.counts)
        return next(start for start, sum_ in zip(self.bins_ns, reached, strict=True) if sum_ >= wanted)


def _bin(sample_ns: int) -> int:
    """Return the shortest time of the bin that a sample falls into."""
    shift = max(0, sample_ns.bit_length() - _BITS)
    return sample_ns >> shift << shift


def three_digits(value: float) -> str:
    """Round to three significant digits, in plain decimals."""
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if rounded >= 100 else f"{rounded:.3g}"


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
