"""8-connected components of an ink mask, found from runs.

A run is a stretch of ink pixels in one row. Runs of adjacent rows that touch belong to one component. Each run points to
one above it; pointer jumping (Y. Shiloach and U. Vishkin, An O(log n) parallel connectivity algorithm, Journal of
Algorithms 3, 1982) finds the first run of its component, and first runs that touch are merged.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.intp]
    Mask = NDArray[np.bool_]
    Boxes = NDArray[np.intp]
    """[K, 4]: left, top, right (outside), bottom (outside)"""


@dataclass(frozen=True, eq=False)
class Components:
    """All components of a picture as runs, component by component, each from top to bottom.

    Attributes:
        firsts: index of each component's first run, [K].
        shape: height and width of the picture.
        boxes: bounding boxes, [K, 4]: left, top, right and bottom (exclusive).
        areas: numbers of pixels, [K].
        at_edge: which components touch the picture's edge, [K].
    """

    rows: Numbers
    starts: Numbers
    stops: Numbers
    firsts: Numbers
    shape: tuple[int, int]
    boxes: Boxes = field(init=False)  # not a cached property: Python 3.11 locks there, and a fork may leave it locked
    areas: Numbers = field(init=False)
    at_edge: Mask = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "boxes", self._boxes())
        areas = np.add.reduceat(self.stops - self.starts, self.firsts) if len(self) else np.empty(0, np.intp)
        object.__setattr__(self, "areas", areas)
        object.__setattr__(self, "at_edge", (self.boxes == (0, 0, *self.shape[::-1])).any(axis=1))

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
        """Width and height of each component, [K, 2]."""
        boxes = self.boxes
        return boxes[:, 2:] - boxes[:, :2]

    def painted(self, chosen: Mask) -> Mask:
        """Return a mask [H, W] of the components in ``chosen`` [K]."""
        mask = np.zeros(self.shape, np.bool_)
        runs = np.repeat(chosen, np.diff(np.append(self.firsts, len(self.rows))))
        _paint(mask, self.rows[runs], self.starts[runs], self.stops[runs])
        return mask

    def own(self, number: int) -> Mask:
        """Return a mask of one component, cropped to its box."""
        first = self.firsts[number]
        end = self.firsts[number + 1] if number + 1 < len(self) else len(self.rows)
        left, top, right, bottom = self.boxes[number].tolist()
        mask = np.zeros((bottom - top, right - left), np.bool_)
        _paint(mask, self.rows[first:end] - top, self.starts[first:end] - left, self.stops[first:end] - left)
        return mask

    def typical_height(self, chosen: Mask) -> float:
        """Return the median height in pixels, weighted by area, of the components in ``chosen`` [K]; 0 without any."""
        if not chosen.any():
            return 0.0
        heights = self.sizes[chosen, 1]
        order = np.argsort(heights)
        weights = np.cumsum(self.areas[chosen][order])
        return float(heights[order][np.searchsorted(weights, weights[-1] / 2)])


MOST_RUNS = 400_000
"""A page of 2,000 digits has about a third of this; more runs mean film grain, cloth or noise."""


def is_grain(mask: Mask) -> bool:
    """Return whether a mask [H, W] has more runs than a page of writing."""
    return bool(np.count_nonzero(mask[:, 1:] & ~mask[:, :-1]) > MOST_RUNS)


def components(mask: Mask) -> Components:
    """Return the components of a mask [H, W], sorted by their first run."""
    height, width = mask.shape
    stride = width + 2
    padded = np.zeros((height, stride), np.bool_)
    padded[:, 1:-1] = mask
    flat = padded.ravel()
    (steps,) = (flat[1:] != flat[:-1]).nonzero()  # alternately starts and ends of runs
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
    """Return the pairs of runs in adjacent rows that touch, corners included, as two arrays of indices.

    Runs are sorted by row, so the runs below that touch one run are consecutive.
    """
    here = rows * stride
    below = here + stride
    first = (here + stops).searchsorted(below + starts, side="left")
    counts = np.maximum((here + starts).searchsorted(below + stops, side="right") - first, 0)
    upper = np.arange(len(rows)).repeat(counts)
    offsets = np.arange(len(upper)) - (counts.cumsum() - counts).repeat(counts)
    return upper, first.repeat(counts) + offsets


def _joined(count: int, upper: Numbers, lower: Numbers) -> Numbers:
    """Return for each of ``count`` runs the smallest index of a run in its component.

    Each run follows the first run that it touches above, up to a root; then roots that touch are merged.
    """
    has_upper = np.zeros(count, np.bool_)
    has_upper[lower] = True
    if np.count_nonzero(has_upper) == count - 1:  # all have one root
        return np.zeros(count, np.intp)
    numbers = np.arange(count)
    numbers[lower[::-1]] = upper[::-1]  # of several, the first one wins
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
