"""Samples of time as counts in bins: small enough for a record, and fine enough to compute anything again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from math import ceil

from digit_infer.benchmark.statistics import SAMPLES_NEEDED

_BITS = 11
"""Significant bits that a bin keeps, as HdrHistogram does (G. Tene, hdrhistogram.org): a bin is at most 1/1,024 wide."""


@dataclass(frozen=True)
class Histogram:
    """How many samples fell into each bin. A bin is named by the shortest time in it, in ns; bins ascend."""

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
        """Return the nearest-rank percentile in µs, at most 0.1 % too short, or None where the samples are too few."""
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
