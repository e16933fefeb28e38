"""Intervals, percentiles and histograms in plain Python.

A histogram keeps samples as counts in narrow bins, so a record is small and every statistic can be computed again.
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

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def percentile(ordered: Sequence[float], percent: float) -> float | None:
    """Return the nearest-rank percentile of ascending samples, or None for too few samples.

    The nearest rank is a value that was measured: sample number ceil(percent / 100 * n).
    """
    if len(ordered) < SAMPLES_NEEDED[percent]:
        return None
    return ordered[math.ceil(percent / 100 * len(ordered)) - 1]


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
