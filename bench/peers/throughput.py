"""Throughput of the same calls, counted in two ways: ``bench/results/benchmark_app.json``."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Literal

BAR = 0.05
"""Allowed relative difference of ours."""

By = Literal["benchmark_app", "onnxruntime_run", "litert_invoke"]
"""OpenVINO's tool, or the call of a bare loop."""


@dataclass(frozen=True)
class Run:
    """One run of theirs; ``latency_ms`` is benchmark_app's median, rounded to 0.01 ms, None for a loop."""

    images: int
    seconds: float
    latency_ms: float | None

    @property
    def images_per_second(self) -> float:
        """Images per second."""
        return self.images / self.seconds


@dataclass(frozen=True)
class Throughput:
    """One model at one batch with one thread: runs of theirs and of ours in pairs, each in a fresh process.

    ``ours_images_per_second`` has the median over blocks per run; ``samples`` counts blocks; ``ours_p50_us`` is the median
    of single queries in the same processes. ``floor_us`` is the overhead of benchmark_app's loop, measured with a request
    that does nothing; for a bare loop it is taken as 0.
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
        """Return our median images per second."""
        return median(self.ours_images_per_second)

    def theirs_median(self) -> float:
        """Return their median images per second."""
        return median(run.images_per_second for run in self.theirs)

    def difference(self) -> float:
        """Return their time per call, without floor, relative to ours, minus 1: the median over pairs of runs."""
        return median((theirs - self.floor_us) / ours for theirs, ours in self._calls_us()) - 1

    def around_us(self) -> float:
        """Return how much longer a call of theirs takes, including the floor, in µs."""
        return median(theirs - ours for theirs, ours in self._calls_us())

    def _calls_us(self) -> list[tuple[float, float]]:
        """Return the times per call of theirs and ours in µs, run by run."""
        pairs = zip(self.theirs, self.ours_images_per_second, strict=True)
        return [(1e6 * self.batch / run.images_per_second, 1e6 * self.batch / ours) for run, ours in pairs]
