"""Throughput by two ways to count the same calls: ``bench/results/benchmark_app.json``."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Literal

BAR = 0.05
"""Ours has to agree within this share."""

By = Literal["benchmark_app", "onnxruntime_run", "litert_invoke"]
"""OpenVINO's tool, or the call that a bare loop asks."""


@dataclass(frozen=True)
class Run:
    """One run of theirs: ``latency_ms`` is benchmark_app's median, which it rounds to 0.01 ms; a loop tells none."""

    images: int
    seconds: float
    latency_ms: float | None

    @property
    def images_per_second(self) -> float:
        """Throughput."""
        return self.images / self.seconds


@dataclass(frozen=True)
class Throughput:
    """One model at one batch, with one thread: runs of theirs and of ours beside one another, each in a fresh process.

    ``ours_images_per_second`` has the median over the blocks of each run; ``samples`` counts blocks, and ``ours_p50_us`` is
    the median of single queries in the same processes. ``floor_us`` is what benchmark_app's loop takes around a request
    that does nothing; around a bare loop's nobody looked, and it is 0.
    """

    model: str
    by: By
    batch: int
    sha256: str
    samples: int
    theirs: tuple[Run, ...]
    ours_images_per_second: tuple[float, ...]
    ours_p50_us: float
    floor_us: float

    def ours_median(self) -> float:
        """Return our images a second."""
        return median(self.ours_images_per_second)

    def theirs_median(self) -> float:
        """Return their images a second."""
        return median(run.images_per_second for run in self.theirs)

    def difference(self) -> float:
        """Return by what share ours lies above theirs without their floor: the median over runs beside one another."""
        return median((theirs - self.floor_us) / ours for theirs, ours in self._calls_us()) - 1

    def around_us(self) -> float:
        """Return how much longer a call takes by theirs, floor included, in µs."""
        return median(theirs - ours for theirs, ours in self._calls_us())

    def _calls_us(self) -> list[tuple[float, float]]:
        """Return what a call takes by theirs and by ours, in µs, run by run."""
        pairs = zip(self.theirs, self.ours_images_per_second, strict=True)
        return [(1e6 * self.batch / run.images_per_second, 1e6 * self.batch / ours) for run, ours in pairs]
