"""Plots as SVG text: logarithmic axes, a colour per runtime, a shape per precision, and labels that do not overlap.

Text from records is escaped here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from digit_infer.benchmark.summary import Summary, is_sound
from digit_infer.contract import PRECISIONS
from digit_infer.runtimes.protocol import RuntimeName

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


RADIUS = 5.0


def colour_class(runtime: RuntimeName) -> str:
    """Return the class of a runtime's colour, which the page's style sheet defines."""
    return f"runtime-{runtime}"


def mark(summary: Summary, x: float, y: float, tip: str) -> str:
    """Draw a row as a point, hollow where the row is not reliable."""
    state = "" if is_sound(summary) else " unsound"
    style = f"mark {colour_class(summary.row.configuration.runtime)}{state}"
    return group([shape(summary.row.artefact.precision, x, y)], tip, class_=style)


def shape(precision: str | None, x: float, y: float) -> str:
    """Draw the shape of a precision; a circle where it is unknown."""
    kinds = [_circle, _diamond, _cross, _triangle, _square]
    number = PRECISIONS.index(precision) if precision in PRECISIONS else 0
    return kinds[number % len(kinds)](x, y)


def legend(summaries: Sequence[Summary], *, shapes: bool) -> str:
    """Return the HTML of the legend of colours and shapes."""
    runtimes = dict.fromkeys(row.row.configuration.runtime for row in summaries)
    precisions = dict.fromkeys(row.row.artefact.precision for row in summaries)
    keys = [f"<span>{_key(_circle(7, 7), colour_class(name))} {name}</span>" for name in runtimes]
    keys += [f"<span>{_key(shape(name, 7, 7), 'plain')} {name}</span>" for name in precisions if name and shapes]
    return f'<p class="legend">{" ".join(keys)}</p>'


def _key(drawn: str, class_: str) -> str:
    return element(
        "svg",
        group([drawn], class_=f"mark {class_}"),
        width=14,
        height=14,
        viewBox="0 0 14 14",
        aria_hidden="true",
    )


def _polygon(*points: tuple[float, float]) -> Callable[[float, float], str]:
    def draw(x: float, y: float) -> str:
        return element("polygon", points=" ".join(f"{x + RADIUS * dx:.1f},{y + RADIUS * dy:.1f}" for dx, dy in points))

    return draw


def _circle(x: float, y: float) -> str:
    return element("circle", cx=x, cy=y, r=RADIUS)


_diamond = _polygon((0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0))
_square = _polygon((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9))
_triangle = _polygon((0, -1.15), (1.1, 0.85), (-1.1, 0.85))
_cross = _polygon(
    *((-0.4, -1.1), (0.4, -1.1), (0.4, -0.4), (1.1, -0.4), (1.1, 0.4), (0.4, 0.4)),
    *((0.4, 1.1), (-0.4, 1.1), (-0.4, 0.4), (-1.1, 0.4), (-1.1, -0.4), (-0.4, -0.4)),
)


@dataclass(frozen=True)
class Box:
    """A rectangle in px, from top left."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Box) -> bool:
        """Return whether two boxes share a point."""
        return self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom

    def within(self, other: Box) -> bool:
        """Return whether this box lies in another."""
        return (
            other.left <= self.left and self.right <= other.right and other.top <= self.top and self.bottom <= other.bottom
        )


@dataclass(frozen=True)
class Label:
    """A text whose box is known; it begins at the left of the box."""

    text: str
    box: Box

    @property
    def baseline(self) -> float:
        """The y of the baseline in px."""
        return self.box.bottom - 3


def around(x: float, y: float, text: str, gap: float) -> list[Label]:
    """Return the possible labels of a point, the best first: beside it, above and below it, at its corners."""
    width, half = text_width(text), TEXT_HEIGHT / 2
    right, left, middle = x + gap, x - gap - width, x - width / 2
    over, under = y - gap - TEXT_HEIGHT, y + gap
    corners = [(side, row) for row in (over + 3, under - 3) for side in (right - 4, left + 4)]
    flush = [(side, row) for row in (over, under) for side in (x - gap, x + gap - width)]
    places = [(right, y - half), (left, y - half), (middle, over), (middle, under), *corners, *flush]
    return [_label(text, side, row) for side, row in places]


def at_end(x: float, y: float, text: str, reach: float) -> list[Label]:
    """Return the possible labels of a line's end: level with it, then step by step above and below."""
    steps = [0.0, *(sign * step for step in range(3, round(reach) + 1, 3) for sign in (-1, 1))]
    return [_label(text, x, y - TEXT_HEIGHT / 2 + step) for step in steps]


def shortened(text: str, room: float) -> str:
    """Return as many of the first words as fit into a width, at least one."""
    words = text.split(" ")
    while len(words) > 1 and text_width(" ".join(words)) > room:
        words.pop()
    return " ".join(words)


def placed(wanted: Iterable[Sequence[Label]], taken: Iterable[Box], bounds: Box) -> list[Label | None]:
    """Choose for each name, in order, the first of its labels that is free and within bounds; None where none is."""
    occupied = list(taken)
    chosen: list[Label | None] = []
    for labels in wanted:
        free = (label for label in labels if label.box.within(bounds) and not any(map(label.box.overlaps, occupied)))
        label = next(free, None)
        if label is not None:
            occupied.append(label.box)
        chosen.append(label)
    return chosen


def _label(text: str, left: float, top: float) -> Label:
    return Label(text, Box(left, top, left + text_width(text), top + TEXT_HEIGHT))
