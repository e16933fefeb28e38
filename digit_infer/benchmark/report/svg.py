"""Builds SVG as text, with logarithmic axes. Text from records is escaped here."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

TEXT_HEIGHT = 14.0
"""Height of a label in px; the page has 12 px text."""
_CHARACTER_WIDTH = 6.9
"""Mean width in px of a letter of a wide sans-serif font (DejaVu Sans) at 12 px."""


def element(name: str, content: str = "", **attributes: str | float) -> str:
    """Return an element; ``content`` is SVG already. In names of attributes ``_`` stands for ``-``, and ends a keyword."""
    written = "".join(f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"' for key, value in attributes.items())
    return f"<{name}{written}>{content}</{name}>" if content else f"<{name}{written}/>"


def words(x: float, y: float, text: str, **attributes: str | float) -> str:
    """Write text at a point."""
    return element("text", escape(text), x=x, y=y, **attributes)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> str:
    """Draw a straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def path(points: Iterable[tuple[float, float]], class_: str, *, closed: bool = False) -> str:
    """Draw a chain of straight lines."""
    joined = "L".join(f"{_value(x)} {_value(y)}" for x, y in points)
    return element("path", d=f"M{joined}{'Z' if closed else ''}", class_=class_)


def group(parts: Iterable[str], tip: str = "", **attributes: str | float) -> str:
    """Return a group of parts; ``tip`` is its tooltip."""
    title = element("title", escape(tip)) if tip else ""
    return element("g", title + "".join(parts), **attributes)


def picture(name: str, width: float, height: float, title: str, description: str, parts: Iterable[str]) -> str:
    """Return a picture; ``name`` must be unique in the page, and screen readers read title and description."""
    head = element("title", escape(title), id=f"{name}-title") + element("desc", escape(description), id=f"{name}-desc")
    return element(
        "svg",
        head + "\n".join(parts),
        role="img",
        viewBox=f"0 0 {_value(width)} {_value(height)}",
        width=width,
        height=height,
        aria_labelledby=f"{name}-title {name}-desc",
    )


def text_width(text: str) -> float:
    """Estimate how wide a label is, in px."""
    return _CHARACTER_WIDTH * len(text)


def _value(value: str | float) -> str:
    return escape(value) if isinstance(value, str) else f"{value:.1f}".rstrip("0").rstrip(".")


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
        """Return the position of a value in px; values outside are moved to the edge."""
        share = math.log(value / self.low) / math.log(self.high / self.low) if value > 0 else 0.0
        return self.start + (self.end - self.start) * min(1.0, max(0.0, share))

    def ticks(self, apart: float) -> list[float]:
        """Return round values at least ``apart`` px from one another: as many as fit, or the coarsest choice."""
        fitting = [ticks for ticks in map(self._within, _MANTISSAS) if self._room(ticks) >= apart]
        return max(fitting, key=len, default=self._within(_MANTISSAS[0]))

    def _within(self, mantissas: Sequence[float]) -> list[float]:
        decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        values = (float(f"{mantissa}e{decade}") for decade in decades for mantissa in mantissas)
        return [value for value in values if self.low <= value <= self.high]

    def _room(self, ticks: Sequence[float]) -> float:
        return min((abs(self(after) - self(before)) for before, after in pairwise(ticks)), default=1e9)


def spanning(values: Sequence[float], start: float, end: float, margin: float = 1.25) -> LogScale:
    """Return a scale that contains positive values with a margin, and spans at least a factor of 1.5."""
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
    """Return microseconds in words, in s, ms, µs or ns."""
    for unit, size in (("s", 1e6), ("ms", 1e3)):
        if us >= size:
            return f"{us / size:.3g} {unit}"
    return f"{us:.3g} µs" if us >= 1 else f"{1000 * us:.3g} ns"


def amount(value: float) -> str:
    """Return a large number in short form: 20k, 1.5M."""
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"
