"""Splits digits that may touch.

Candidate cuts run from top to bottom where they cross least ink, and may bend. The network classifies every part between
two cuts that may be a digit by its shape, and dynamic programming finds the sequence of parts with the least cost: the
segmentation graph of LeCun et al., Gradient-based learning applied to document recognition, 1998, section VII.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from digit_infer.image.mnist_form import Box
from digit_infer.image.page import Segment, enclosing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.contract import Images
    from digit_infer.prediction import Prediction

    Answer = Callable[[Images], list[Prediction]]
    Answered = tuple[Segment, Prediction]

_SURE = 0.96
_CLOSE = 0.15
"""The least confidence in the digit that two pieces make together, and the largest gap between them, as a share of its
height (real-pictures: multi)."""

_CUT_DISTANCE = 0.1
"""The least distance of two cuts, as a share of the height."""

_BEND = 40
"""What a cut costs for each pixel that it runs aside, in the ink of a pixel, 0 to 255."""

_WIDEST = 1.3
_NARROWEST = 0.12
"""Limits of the width of a digit, as shares of the height."""

_LOWEST = 0.5
"""A digit that was cut off has this share of the whole's height at least."""

_PEN = 0.1
_COST_OF_A_STROKE = 0.01
"""The width of a stroke as a share of the height, and what it costs to cut through one."""

_MOST_DOUBTED = 0.25
"""What was cut is left whole if its digits cost so much more on average than sure ones (pages: sums,
whose euro signs otherwise are two digits; real-pictures: decimals, for which it may be no less)."""


def best_cut(answer: Answer, whole: Answered, *, high: float | None = None) -> list[Answered]:
    """Return the digits of a segment from left to right, each with its prediction, or the whole where these are doubted."""
    segment, ink = whole[0], whole[0].ink
    height = max(high or 0.0, ink.shape[0])
    paths, crossed = _paths(ink, max(2, round(_CUT_DISTANCE * height)))
    costs = [_COST_OF_A_STROKE * ink / (255 * _PEN * height) for ink in crossed]
    middles = [int(np.median(path)) for path in paths]
    spans = [
        (first, last)
        for first in range(len(paths) - 1)
        for last in range(first + 1, len(paths))
        if last - first < len(paths) - 1 and _NARROWEST * height <= middles[last] - middles[first] <= _WIDEST * height
    ]
    parts = {span: between(segment, paths[span[0]], paths[span[1]]) for span in spans}
    kept = {span: part for span, part in parts.items() if part is not None and part.box.height >= _LOWEST * height}
    if not kept:
        return [whole]
    predictions = answer(np.stack([part.image() for part in kept.values()]))
    answered = {span: (part, said) for (span, part), said in zip(kept.items(), predictions, strict=True)}
    cost, way = _cheapest_way(answered, costs, {span for span, part in parts.items() if part is None})
    if all(said.digit == 1 for _, said in way):  # strokes
        return [whole]
    return way if cost < _MOST_DOUBTED * len(way) else [whole]


def _cost(said: Prediction) -> float:
    return -math.log(max(said.confidence, 1e-6))


def joined(answer: Answer, one: Answered, other: Answered) -> Answered | None:
    """Return two neighbours as one broken digit, if they lie close and the network is sure of both together.

    It must be surer of both than of the less sure one.
    """
    box = enclosing([one[0].box, other[0].box])
    close = other[0].box.left - one[0].box.right <= _CLOSE * box.height and box.width <= box.height
    if not close:
        return None
    ink = np.zeros((box.height, box.width), np.uint8)
    for segment, _ in (one, other):
        top, left = segment.box.top - box.top, segment.box.left - box.left
        place = ink[top : top + segment.box.height, left : left + segment.box.width]
        np.maximum(place, segment.ink, out=place)
    both = Segment(box, ink, max(one[0].widest, other[0].widest))
    [said] = answer(both.image()[None])
    doubted = min(one[1].confidence, other[1].confidence)
    return (both, said) if said.confidence >= _SURE and said.confidence > doubted else None


def _paths(ink: NDArray[np.uint8], apart: int) -> tuple[list[NDArray[np.intp]], list[int]]:
    """Return cuts from left to right, the edges among them: the first column right of each in every row; and their costs.

    A cut goes through a column at middle height and on to the top and the bottom, at most one column aside in each row.
    """
    height, width = ink.shape
    middle = height // 2
    up, up_cost = _best_ways(ink[:middle][::-1])
    down, down_cost = _best_ways(ink[middle:])
    costs = up_cost + down_cost
    chosen: list[int] = []
    for place in np.argsort(costs, kind="stable").tolist():
        if apart <= place <= width - apart and all(abs(place - other) >= apart for other in chosen):
            chosen.append(place)
    chosen.sort()
    cuts = [np.concatenate([up[::-1, place], down[:, place]]) for place in chosen]
    return [np.zeros(height, np.intp), *cuts, np.full(height, width)], [0, *(int(costs[place]) for place in chosen), 0]


def _best_ways(ink: NDArray[np.uint8]) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Return the way down through the least ink from each column of the first row, [h, W], and its cost, [W]."""
    height, width = ink.shape
    far = np.iinfo(np.int64).max // 4
    costs, steps = np.zeros(width, np.int64), np.zeros((height, width), np.intp)
    columns = np.arange(width)
    for row in range(height - 1, -1, -1):
        beside = np.pad(costs, 1, constant_values=far)
        choices = np.stack([costs, beside[:-2] + _BEND, beside[2:] + _BEND])
        best = choices.argmin(axis=0)
        steps[row] = np.array([0, -1, 1])[best]
        costs = choices[best, columns] + ink[row]
    ways = np.empty((height, width), np.intp)
    at = columns
    for row in range(height):
        ways[row] = at
        at = at + steps[row, at]
    return ways, costs


def between(whole: Segment, left: NDArray[np.intp], right: NDArray[np.intp]) -> Segment | None:
    """Return what lies between two cuts, the second outside, or None if nothing does but the pale edge of a stroke."""
    columns = np.arange(whole.ink.shape[1])
    ink = np.where((columns >= left[:, None]) & (columns < right[:, None]), whole.ink, 0)
    down, across = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not len(down):
        return None
    top, bottom, first, last = int(down[0]), int(down[-1]) + 1, int(across[0]), int(across[-1]) + 1
    ink = ink[top:bottom, first:last]
    if ink.mean() < 1:  # it would be nothing in MNIST's form
        return None
    box = Box(whole.box.left + first, whole.box.top + top, whole.box.left + last, whole.box.top + bottom)
    return Segment(box, ink, last - first)


def _cheapest_way(
    answered: dict[tuple[int, int], Answered], cuts: list[float], empty: set[tuple[int, int]]
) -> tuple[float, list[Answered]]:
    best: list[tuple[float, list[Answered]]] = [(0.0, [])]
    for last in range(1, len(cuts)):
        ways: list[tuple[float, list[Answered]]] = []
        for first in range(last):
            cost, way = best[first]
            if (first, last) in answered:
                found = answered[first, last]
                ways.append((cost + _cost(found[1]) + cuts[last], [*way, found]))
            elif (first, last) in empty:
                ways.append((cost, way))
        best.append(min(ways, key=lambda entry: entry[0], default=(np.inf, [])))
    return best[-1]
