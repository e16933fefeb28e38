"""What hangs together in a picture of ink: its 8-connected components.

A component is found by its runs, stretches of ink in a row: runs of neighbouring rows that touch belong together, and
whatever belongs together takes the smallest number of any of its runs, by jumps to the number of that number (the scheme of
Y. Shiloach and U. Vishkin, An O(log n) parallel connectivity algorithm, Journal of Algorithms 3, 1982).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from digit_infer.image.mnist_form import Box

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.intp]
    Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Component:
    """A component by its runs: ``rows``, ``starts`` and ``stops`` (outside) in pixels of the picture."""

    rows: Numbers
    starts: Numbers
    stops: Numbers

    @property
    def box(self) -> Box:
        """Where it lies."""
        return Box(int(self.starts.min()), int(self.rows[0]), int(self.stops.max()), int(self.rows[-1]) + 1)

    @property
    def area(self) -> int:
        """How many pixels it has."""
        return int((self.stops - self.starts).sum())

    def paint(self, mask: Mask, left: int, top: int) -> None:
        """Set its pixels in a mask whose top left corner lies at a place of the picture."""
        for row, start, stop in zip(self.rows - top, self.starts - left, self.stops - left, strict=True):
            mask[row, start:stop] = True


def components(mask: Mask) -> list[Component]:
    """Return the components of the pixels that are set in a mask [H, W], by their first rows."""
    height, width = mask.shape
    edges = np.zeros((height, width + 2), np.int8)
    edges[:, 1:-1] = mask
    steps = np.diff(edges, axis=1)
    rows, starts = np.nonzero(steps == 1)
    _, stops = np.nonzero(steps == -1)
    if not len(rows):
        return []
    numbers = _joined(len(rows), *_touching(rows, starts, stops, width + 2))
    order = np.argsort(numbers, kind="stable")
    ends = np.flatnonzero(np.diff(numbers[order])) + 1
    return [Component(rows[runs], starts[runs], stops[runs]) for runs in np.split(order, ends)]


def _touching(rows: Numbers, starts: Numbers, stops: Numbers, stride: int) -> tuple[Numbers, Numbers]:
    """Return pairs of runs in neighbouring rows that touch, at a corner at least: two arrays of numbers of runs.

    Runs are in the order of the rows, so those below a run that touch it follow one another.
    """
    below = (rows + 1) * stride
    first = np.searchsorted(rows * stride + stops, below + starts, side="left")
    last = np.searchsorted(rows * stride + starts, below + stops, side="right")
    counts = np.maximum(last - first, 0)
    upper = np.repeat(np.arange(len(rows)), counts)
    offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return upper, np.repeat(first, counts) + offsets


def _joined(count: int, one: Numbers, other: Numbers) -> Numbers:
    """Return for each of ``count`` things the smallest number of those that pairs join it with."""
    numbers = np.arange(count)
    while True:
        before = numbers.copy()
        least = np.minimum(numbers[one], numbers[other])
        for ends in (one, other, before[one], before[other]):
            np.minimum.at(numbers, ends, least)
        numbers = numbers[numbers]
        if np.array_equal(numbers, before):
            return numbers
