"""Logarithmic axes: where a value lies, which values get a tick, and how a duration is written."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from digit_infer.benchmark.report.plots.svg import line, words

_MANTISSAS: tuple[tuple[float, ...], ...] = (
    (1,),
    (1, 3),
    (1, 2, 5),
    (1, 2, 3, 5),
    (1, 1.5, 2, 3, 5, 7),
    tuple(step / 10 for step in range(10, 100, 5)),
    tuple(step / 10 for step in range(10, 100)),
    tuple(step / 50 for step in range(50, 500)),
)


@dataclass(frozen=True)
class LogScale:
    """From values ``low`` to ``high``, both over 0, to px ``start`` to ``end``."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return where a value lies; what is outside lies on the edge."""
        share = math.log(value / self.low) / math.log(self.high / self.low) if value > 0 else 0.0
        return self.start + (self.end - self.start) * min(1.0, max(0.0, share))

    def ticks(self, apart: float) -> list[float]:
        """Return round values at least ``apart`` px from one another: the finest choice that has room, or the coarsest."""
        fitting = [ticks for ticks in map(self._within, _MANTISSAS) if self._room(ticks) >= apart]
        return max(fitting, key=len, default=self._within(_MANTISSAS[0]))

    def _within(self, mantissas: Sequence[float]) -> list[float]:
        decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        values = (float(f"{mantissa}e{decade}") for decade in decades for mantissa in mantissas)
        return [value for value in values if self.low <= value <= self.high]

    def _room(self, ticks: Sequence[float]) -> float:
        return min((abs(self(after) - self(before)) for before, after in pairwise(ticks)), default=1e9)


def spanning(values: Sequence[float], start: float, end: float, margin: float = 1.25) -> LogScale:
    """Return a scale that holds positive values with a margin, and at least a factor of 1.5."""
    low, high = min(values) / margin, max(values) * margin
    stretch = max(1.0, math.sqrt(1.5 / (high / low)))
    return LogScale(low / stretch, high * stretch, start, end)


def x_axis(scale: LogScale, top: float, bottom: float, apart: float, written: Callable[[float], str]) -> Iterator[str]:
    """Draw the grid and the figures of a horizontal axis."""
    for tick in scale.ticks(apart):
        yield line(scale(tick), top, scale(tick), bottom, "grid")
        yield words(scale(tick), bottom + 17, written(tick), class_="tick", text_anchor="middle")


def y_axis(scale: LogScale, left: float, right: float, apart: float, written: Callable[[float], str]) -> Iterator[str]:
    """Draw the grid and the figures of a vertical axis, the figures to the left of it."""
    for tick in scale.ticks(apart):
        yield line(left, scale(tick), right, scale(tick), "grid")
        yield words(left - 7, scale(tick) + 4, written(tick), class_="tick", text_anchor="end")


def duration(us: float) -> str:
    """Write microseconds in the unit that suits them."""
    for unit, size in (("s", 1e6), ("ms", 1e3)):
        if us >= size:
            return f"{us / size:.3g} {unit}"
    return f"{us:.3g} µs" if us >= 1 else f"{1000 * us:.3g} ns"


def amount(value: float) -> str:
    """Write a large number short: 20k, 1.5M."""
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"
