"""Measurements of the same sessions by our harness and by LoadGen: ``bench/results/loadgen.json``."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Literal

from digit_infer.contract import Precision
from digit_infer.runtimes.protocol import RuntimeName

Figure = Literal["p50_us", "p90_us"]

LARGE_US = 100.0
"""Above this latency, our percentiles and LoadGen's must agree within ``BAR``."""

BAR = 0.05


@dataclass(frozen=True)
class Percentiles:
    """Percentiles of one measurement, in µs; p99 is None for too few samples."""

    samples: int
    p50_us: float
    p90_us: float
    p99_us: float | None

    def of(self, figure: Figure) -> float:
        """Return one of them, in µs."""
        return self.p50_us if figure == "p50_us" else self.p90_us


@dataclass(frozen=True)
class Round:
    """All measurements once, each for the same time, on one session.

    ``ours`` is our single-stream scenario, ``loadgen`` LoadGen's, ``floor`` LoadGen's with a system that does nothing. Two
    more explain differences: ``inside`` is the call alone, timed by our clock in LoadGen's callback; ``cooled`` is our
    single-stream with 32 KiB of other memory read between queries.
    """

    ours: Percentiles
    loadgen: Percentiles
    floor: Percentiles
    inside: Percentiles
    cooled: Percentiles


@dataclass(frozen=True)
class Throughput:
    """Images per second at one batch, by ours and by LoadGen's Offline scenario, one value per round."""

    batch: int
    ours: tuple[float, ...]
    loadgen: tuple[float, ...]


@dataclass(frozen=True)
class Arrivals:
    """Server scenario at ``rate`` queries per second, ours and LoadGen's.

    ``late_us`` is the median delay of a sleep of 1 ms: LoadGen sleeps until a query is due, ours busy-waits at the end.
    """

    rate: float
    late_us: float
    ours: Percentiles
    loadgen: Percentiles


@dataclass(frozen=True)
class Agreement:
    """Results of both for one model on one runtime; ``samples`` counts our single-stream queries."""

    model: str
    runtime: RuntimeName
    precision: Precision
    sha256: str
    samples: int
    rounds: tuple[Round, ...]
    offline: Throughput
    server: Arrivals

    def ours(self, figure: Figure) -> float:
        """Return our percentile in µs, the median over rounds."""
        return median(entry.ours.of(figure) for entry in self.rounds)

    def loadgen(self, figure: Figure) -> float:
        """Return LoadGen's percentile in µs, including its floor."""
        return median(entry.loadgen.of(figure) for entry in self.rounds)

    def floor_us(self) -> float:
        """Return the median of LoadGen's null system in µs; it is subtracted from every percentile."""
        return median(entry.floor.p50_us for entry in self.rounds)

    def difference(self, figure: Figure) -> float:
        """Return LoadGen's percentile without floor relative to ours, minus 1: the median over rounds."""
        return median((entry.loadgen.of(figure) - entry.floor.p50_us) / entry.ours.of(figure) - 1 for entry in self.rounds)

    def inside_over_ours(self) -> float:
        """Return the call's p50 in LoadGen's callback relative to our loop, minus 1."""
        return median(entry.inside.p50_us / entry.ours.p50_us - 1 for entry in self.rounds)

    def around_us(self) -> float:
        """Return LoadGen's overhead around the call in µs, including its Python bindings."""
        return median(entry.loadgen.p50_us - entry.inside.p50_us for entry in self.rounds)

    def cooled_over_ours(self) -> float:
        """Return our p50 with other memory read between queries relative to without, minus 1."""
        return median(entry.cooled.p50_us / entry.ours.p50_us - 1 for entry in self.rounds)

    def offline_difference(self) -> float:
        """Return LoadGen's throughput relative to ours, minus 1."""
        ratios = (theirs / ours for theirs, ours in zip(self.offline.loadgen, self.offline.ours, strict=True))
        return median(ratios) - 1

    @property
    def is_large(self) -> bool:
        """Whether ``BAR`` applies."""
        return self.ours("p50_us") > LARGE_US
