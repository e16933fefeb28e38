"""Marks and labels of plots: a colour per runtime, a shape per precision, and labels that do not overlap."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from digit_infer.benchmark.report.rows import is_sound
from digit_infer.benchmark.report.svg import TEXT_HEIGHT, element, group, text_width
from digit_infer.benchmark.summary import Summary
from digit_infer.contract import PRECISIONS
from digit_infer.runtimes.protocol import RuntimeName

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
