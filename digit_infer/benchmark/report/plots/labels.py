"""Puts labels beside what they name, where none covers another; what finds no room goes without."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from digit_infer.benchmark.report.plots.svg import TEXT_HEIGHT, text_width


@dataclass(frozen=True)
class Box:
    """A rectangle in px, from top left."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Box) -> bool:
        """Tell whether two boxes share a point."""
        return self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom

    def within(self, other: Box) -> bool:
        """Tell whether this box lies in another."""
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
        """Where the letters stand."""
        return self.box.bottom - 3


def around(x: float, y: float, text: str, gap: float) -> list[Label]:
    """Return the places for a label of a point, the best first: beside it, over and under it, at its corners."""
    width, half = text_width(text), TEXT_HEIGHT / 2
    right, left, middle = x + gap, x - gap - width, x - width / 2
    over, under = y - gap - TEXT_HEIGHT, y + gap
    corners = [(side, row) for row in (over + 3, under - 3) for side in (right - 4, left + 4)]
    flush = [(side, row) for row in (over, under) for side in (x - gap, x + gap - width)]
    places = [(right, y - half), (left, y - half), (middle, over), (middle, under), *corners, *flush]
    return [_label(text, side, row) for side, row in places]


def at_end(x: float, y: float, text: str, reach: float) -> list[Label]:
    """Return the places for a label right of a line's end: level with it, then step by step over and under it."""
    steps = [0.0, *(sign * step for step in range(3, round(reach) + 1, 3) for sign in (-1, 1))]
    return [_label(text, x, y - TEXT_HEIGHT / 2 + step) for step in steps]


def shortened(text: str, room: float) -> str:
    """Return as many of the first words as fit into a width, one at least."""
    words = text.split(" ")
    while len(words) > 1 and text_width(" ".join(words)) > room:
        words.pop()
    return " ".join(words)


def placed(wanted: Iterable[Sequence[Label]], taken: Iterable[Box], bounds: Box) -> list[Label | None]:
    """Choose for each name the first of its labels that is free and within bounds, in the order of the names."""
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
