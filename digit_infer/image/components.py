"""8-connected components of an ink mask, found from runs.

A run is a stretch of ink pixels in one row. Runs of adjacent rows that touch belong to one component. Each run points to
the first that it touches above; pointer jumping (Y. Shiloach and U. Vishkin, An O(log n) parallel connectivity algorithm,
Journal of Algorithms 3, 1982) finds the first run of its component, and where a run touches several, these are merged.
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
        shape: height and width of the mask.
        frame: the picture's own box in pixels of the mask, which may be cut out of it: left, top, right and bottom.
        boxes: bounding boxes, [K, 4]: left, top, right and bottom (exclusive).
        areas: numbers of pixels, [K].
        at_edge: which components touch the picture's edge, [K].
    """

    rows: Numbers
    starts: Numbers
    stops: Numbers
    firsts: Numbers
    shape: tuple[int, int]
    frame: tuple[int, int, int, int]
    boxes: Boxes = field(init=False)  # not a cached property: Python 3.11 locks there, and a fork may leave it locked
    areas: Numbers = field(init=False)
    at_edge: Mask = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "boxes", self._boxes())
        areas = np.add.reduceat(self.stops - self.starts, self.firsts) if len(self) else np.empty(0, np.intp)
        object.__setattr__(self, "areas", areas)
        object.__setattr__(self, "at_edge", (self.boxes == self.frame).any(axis=1))

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

    def runs(self, number: int) -> slice:
        """Return which of the runs are those of one component."""
        return slice(self.firsts[number], self.firsts[number + 1] if number + 1 < len(self) else len(self.rows))

    def own(self, number: int) -> Mask:
        """Return a mask of one component, cropped to its box."""
        runs = self.runs(number)
        left, top, right, bottom = self.boxes[number].tolist()
        rows = self.rows[runs] - top
        edges = np.zeros((bottom - top, right - left + 1), np.int8)
        edges[rows, self.starts[runs] - left] = 1
        edges[rows, self.stops[runs] - left] = -1
        own: Mask = edges[:, :-1].cumsum(axis=1, dtype=np.int8).view(np.bool_)
        return own

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


def components(mask: Mask, frame: tuple[int, int, int, int] | None = None) -> Components:
    """Return the components of a mask [H, W], sorted by their first run.

    ``frame`` is the box of the picture that the mask is cut out of, in the mask's pixels; None if it is all of it.
    """
    height, width = mask.shape
    frame = frame or (0, 0, width, height)
    stride = width + 2
    padded = np.zeros((height, stride), np.bool_)
    padded[:, 1:-1] = mask
    flat = padded.ravel()
    (steps,) = (flat[1:] != flat[:-1]).nonzero()
    begins, ends = steps[::2].copy(), steps[1::2].copy()  # of runs, in pixels from the first row's start
    rows = begins // stride
    first = rows * stride
    numbers = _joined(begins, ends, stride)
    if not numbers.any():
        return Components(rows, begins - first, ends - first, numbers[:1], (height, width), frame)
    order = np.argsort(numbers, kind="stable")
    firsts = np.append(0, np.flatnonzero(np.diff(numbers[order])) + 1)
    return Components(rows[order], (begins - first)[order], (ends - first)[order], firsts, (height, width), frame)


def _paint(mask: Mask, rows: Numbers, starts: Numbers, stops: Numbers) -> None:
    for row, start, stop in zip(rows.tolist(), starts.tolist(), stops.tolist(), strict=True):
        mask[row, start:stop] = True


def _joined(begins: Numbers, ends: Numbers, stride: int) -> Numbers:
    """Return for each run the smallest index of a run in its component.

    Runs are sorted, so those of the row above that one touches, corners included, are consecutive.
    """
    first = ends.searchsorted(begins - stride, side="left")
    counts = begins.searchsorted(ends - stride, side="right") - first
    if np.count_nonzero(counts) == len(counts) - 1:  # all but one touch a run above: they are one component
        return np.zeros(len(counts), np.intp)
    numbers = np.where(counts > 0, first, np.arange(len(counts)))
    while True:
        further = numbers[numbers]
        if np.array_equal(further, numbers):
            break
        numbers = further
    more = np.maximum(counts - 1, 0)
    upper = (first - more.cumsum() + more).repeat(more) + np.arange(more.sum())  # this and the next touch one run below
    one, other = numbers[upper], numbers[upper + 1]
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
    final = np.arange(len(counts))
    for run in leads:
        final[run] = lead(run)
    joined: Numbers = final[numbers]
    return joined
