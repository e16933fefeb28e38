"""What hangs together in a picture of ink: its 8-connected components.

A component is found by its runs, stretches of ink in a row: runs of neighbouring rows that touch belong together. Each
run points to a run above it; following the pointers (Y. Shiloach and U. Vishkin, An O(log n) parallel connectivity
algorithm, Journal of Algorithms 3, 1982) leads to the first run of its component, and first runs that touch are joined.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from digit_infer.image.mnist_form import Box

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.intp]
    Mask = NDArray[np.bool_]
    Boxes = NDArray[np.intp]
    """[K, 4]: left, top, right (outside), bottom (outside)"""


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
        _paint(mask, self.rows - top, self.starts - left, self.stops - left)


@dataclass(frozen=True, eq=False)
class Components:
    """All components of a picture by their runs, one component after the other, each from top to bottom.

    Attributes:
        firsts: where in the runs each of the K components starts, [K].
        shape: the picture's height and width.
        boxes: where each lies: left, top, right and bottom (outside), [K, 4].
        areas: how many pixels each has, [K].
    """

    rows: Numbers
    starts: Numbers
    stops: Numbers
    firsts: Numbers
    shape: tuple[int, int]
    boxes: Boxes = field(init=False)  # a cached property of Python 3.11 has a lock, which a fork may leave locked
    areas: Numbers = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "boxes", self._boxes())
        areas = np.add.reduceat(self.stops - self.starts, self.firsts) if len(self) else np.empty(0, np.intp)
        object.__setattr__(self, "areas", areas)

    def __len__(self) -> int:
        return len(self.firsts)

    def _boxes(self) -> Boxes:
        if not len(self):
            return np.empty((0, 4), np.intp)
        if len(self) == 1:
            return np.array([[self.starts.min(), self.rows[0], self.stops.max(), self.rows[-1] + 1]])
        lasts = np.append(self.firsts[1:], len(self.rows)) - 1
        left, right = np.minimum.reduceat(self.starts, self.firsts), np.maximum.reduceat(self.stops, self.firsts)
        return np.stack([left, self.rows[self.firsts], right, self.rows[lasts] + 1], axis=1)

    @property
    def sizes(self) -> Numbers:
        """How wide and high each is, [K, 2]."""
        boxes = self.boxes
        return boxes[:, 2:] - boxes[:, :2]

    @property
    def at_edge(self) -> Mask:
        """Which reach the picture's edge, [K]."""
        boxes, (height, width) = self.boxes, self.shape
        at_edge: Mask = (boxes[:, :2] == 0).any(axis=1) | (boxes[:, 2] == width) | (boxes[:, 3] == height)
        return at_edge

    def painted(self, chosen: Mask) -> Mask:
        """Return a mask of the picture with the pixels of the components that ``chosen`` [K] says."""
        mask = np.zeros(self.shape, np.bool_)
        runs = np.repeat(chosen, np.diff(np.append(self.firsts, len(self.rows))))
        _paint(mask, self.rows[runs], self.starts[runs], self.stops[runs])
        return mask

    def own(self, number: int) -> Mask:
        """Return a mask of one component's box with its pixels."""
        first = self.firsts[number]
        end = self.firsts[number + 1] if number + 1 < len(self) else len(self.rows)
        left, top, right, bottom = self.boxes[number].tolist()
        mask = np.zeros((bottom - top, right - left), np.bool_)
        _paint(mask, self.rows[first:end] - top, self.starts[first:end] - left, self.stops[first:end] - left)
        return mask

    def typical_height(self, chosen: Mask) -> float:
        """Return the height that most ink of those that ``chosen`` [K] says belongs to, in pixels; 0 without any."""
        if not chosen.any():
            return 0.0
        heights = self.sizes[chosen, 1]
        order = np.argsort(heights)
        weights = np.cumsum(self.areas[chosen][order])
        return float(heights[order][np.searchsorted(weights, weights[-1] / 2)])

    def each(self, chosen: Mask | None = None) -> list[Component]:
        """Return one by one those that ``chosen`` [K] says, or all."""
        chosen = np.ones(len(self), np.bool_) if chosen is None else chosen
        ends = np.append(self.firsts[1:], len(self.rows))[: len(self)]
        return [
            Component(self.rows[first:end], self.starts[first:end], self.stops[first:end])
            for first, end in zip(self.firsts[chosen].tolist(), ends[chosen].tolist(), strict=True)
        ]


MOST_RUNS = 400_000
"""A page of 2,000 digits has about a third of it; a picture of more is grain, cloth or noise."""


def is_grain(mask: Mask) -> bool:
    """Tell whether a mask [H, W] falls into more runs than a page of writing does."""
    return bool(np.count_nonzero(mask[:, 1:] & ~mask[:, :-1]) > MOST_RUNS)


def components(mask: Mask) -> Components:
    """Return the components of the pixels that are set in a mask [H, W], by their first rows."""
    height, width = mask.shape
    stride = width + 2
    padded = np.zeros((height, stride), np.bool_)
    padded[:, 1:-1] = mask
    flat = padded.ravel()
    (steps,) = (flat[1:] != flat[:-1]).nonzero()  # of two, the first leads into a run and the second out of it
    rows = steps[::2] // stride
    first = rows * stride
    starts, stops = steps[::2] - first, steps[1::2] - first
    if not len(rows):
        return Components(rows, starts, stops, rows[:0], (height, width))
    numbers = _joined(len(rows), *_touching(rows, starts, stops, stride))
    if not numbers.any():
        return Components(rows, starts, stops, numbers[:1], (height, width))
    order = np.argsort(numbers, kind="stable")
    firsts = np.append(0, np.flatnonzero(np.diff(numbers[order])) + 1)
    return Components(rows[order], starts[order], stops[order], firsts, (height, width))


def _paint(mask: Mask, rows: Numbers, starts: Numbers, stops: Numbers) -> None:
    for row, start, stop in zip(rows.tolist(), starts.tolist(), stops.tolist(), strict=True):
        mask[row, start:stop] = True


def _touching(rows: Numbers, starts: Numbers, stops: Numbers, stride: int) -> tuple[Numbers, Numbers]:
    """Return pairs of runs in neighbouring rows that touch, at a corner at least: two arrays of numbers of runs.

    Runs are in the order of the rows, so those below a run that touch it follow one another.
    """
    here = rows * stride
    below = here + stride
    first = (here + stops).searchsorted(below + starts, side="left")
    counts = np.maximum((here + starts).searchsorted(below + stops, side="right") - first, 0)
    upper = np.arange(len(rows)).repeat(counts)
    offsets = np.arange(len(upper)) - (counts.cumsum() - counts).repeat(counts)
    return upper, first.repeat(counts) + offsets


def _joined(count: int, upper: Numbers, lower: Numbers) -> Numbers:
    """Return for each of ``count`` runs the smallest number of those that pairs join it with.

    Each run follows the first that it touches in the row above, up to one that touches none; then those are joined.
    """
    has_upper = np.zeros(count, np.bool_)
    has_upper[lower] = True
    if np.count_nonzero(has_upper) == count - 1:  # all lead up to the first
        return np.zeros(count, np.intp)
    numbers = np.arange(count)
    numbers[lower[::-1]] = upper[::-1]  # of several, the first is written last
    while True:
        further = numbers[numbers]
        if np.array_equal(further, numbers):
            break
        numbers = further
    one, other = numbers[upper], numbers[lower]
    (differ,) = (one != other).nonzero()
    if not len(differ):
        return numbers
    leads: dict[int, int] = {}

    def lead(run: int) -> int:
        while run in leads:
            run = leads[run]
        return run

    for pair in set(zip(one[differ].tolist(), other[differ].tolist(), strict=True)):
        low, high = sorted(map(lead, pair))
        if low != high:
            leads[high] = low
    final = np.arange(count)
    for run in leads:
        final[run] = lead(run)
    joined: Numbers = final[numbers]
    return joined
