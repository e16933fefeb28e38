"""What our harness and LoadGen said of the same sessions: ``bench/results/loadgen.json``."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Literal

from digit_infer.contract import Precision
from digit_infer.runtimes.protocol import RuntimeName

Figure = Literal["p50_us", "p90_us"]

LARGE_US = 100.0
"""Where a query takes longer than this, our percentiles and LoadGen's have to agree within ``BAR``."""

BAR = 0.05


@dataclass(frozen=True)
class Percentiles:
    """Of one measurement, in µs; p99 is None where the samples are too few to tell it."""

    samples: int
    p50_us: float
    p90_us: float
    p99_us: float | None

    def of(self, figure: Figure) -> float:
        """Return one of them."""
        return self.p50_us if figure == "p50_us" else self.p90_us


@dataclass(frozen=True)
class Round:
    """One turn of everything, each for the same time, on one session.

    ``ours`` is our single-stream, ``loadgen`` LoadGen's, and ``floor`` LoadGen's of a system that does nothing. Two more
    say where a difference comes from: ``inside`` has the call alone, timed by our clock within LoadGen's callback, and
    ``cooled`` our single-stream where 32 KiB of other memory are read between two queries.
    """

    ours: Percentiles
    loadgen: Percentiles
    floor: Percentiles
    inside: Percentiles
    cooled: Percentiles


@dataclass(frozen=True)
class Throughput:
    """Images a second at one batch, by ours and by LoadGen's Offline scenario, one figure a round each."""

    batch: int
    ours: tuple[float, ...]
    loadgen: tuple[float, ...]


@dataclass(frozen=True)
class Arrivals:
    """Queries that arrive at ``rate`` a second: our server scenario and LoadGen's.

    ``late_us`` is by how much a sleep of a millisecond ended late, the median: LoadGen sleeps until a query is due, and we
    wait awake for the last stretch.
    """

    rate: float
    late_us: float
    ours: Percentiles
    loadgen: Percentiles


@dataclass(frozen=True)
class Agreement:
    """What both said of one model on one runtime; ``samples`` counts our own single-stream queries."""

    model: str
    runtime: RuntimeName
    precision: Precision
    sha256: str
    samples: int
    rounds: tuple[Round, ...]
    offline: Throughput
    server: Arrivals

    def ours(self, figure: Figure) -> float:
        """Return our figure in µs, the median over the rounds."""
        return median(entry.ours.of(figure) for entry in self.rounds)

    def loadgen(self, figure: Figure) -> float:
        """Return LoadGen's, its floor included."""
        return median(entry.loadgen.of(figure) for entry in self.rounds)

    def floor_us(self) -> float:
        """Return the median of LoadGen's null system, which is taken off every percentile."""
        return median(entry.floor.p50_us for entry in self.rounds)

    def difference(self, figure: Figure) -> float:
        """Return by what share LoadGen's, without its floor, lies above ours: the median of the rounds' own."""
        return median((entry.loadgen.of(figure) - entry.floor.p50_us) / entry.ours.of(figure) - 1 for entry in self.rounds)

    def inside_over_ours(self) -> float:
        """Return by what share the call takes longer within LoadGen's callback than in our loop, by medians."""
        return median(entry.inside.p50_us / entry.ours.p50_us - 1 for entry in self.rounds)

    def around_us(self) -> float:
        """Return what LoadGen and its way through Python take around the call: the floor, with a network in the caches."""
        return median(entry.loadgen.p50_us - entry.inside.p50_us for entry in self.rounds)

    def cooled_over_ours(self) -> float:
        """Return by what share it takes longer in our own loop where other memory was read before."""
        return median(entry.cooled.p50_us / entry.ours.p50_us - 1 for entry in self.rounds)

    def offline_difference(self) -> float:
        """Return by what share LoadGen's throughput lies above ours."""
        ratios = (theirs / ours for theirs, ours in zip(self.offline.loadgen, self.offline.ours, strict=True))
        return median(ratios) - 1

    @property
    def is_large(self) -> bool:
        """Whether the bar is on it."""
        return self.ours("p50_us") > LARGE_US
