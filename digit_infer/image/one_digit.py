"""Which pieces of the ink on a picture are its digit, and which are dust, a frame, neighbours or the edge of the paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from digit_infer.image.components import Components, components, covered_sides, enclosed
from digit_infer.image.rings import holds_enough, is_ring

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.image.components import Boxes, Mask

    Ink = NDArray[np.uint8]

_SPECK = 0.1
"""A piece is dust if it is smaller than this share of the digit's largest piece."""

_APART = 0.3
"""A piece belongs to the digit if it lies within this share of the largest piece's size of what belongs to it already."""

_AT_EDGE = 0.2
"""A piece that reaches the picture's edge counts by this share of its area: it is more often a neighbour than the digit."""

_FRAME_BAND = 0.08
_FRAME_COVERED = 0.7
_FRAME_HOLDS = 0.2
"""A frame has ink in this outer share of its box, along so much of all four sides, and a piece of that height within."""


def of_one_digit(ink: Ink) -> Ink:
    """Return the ink without what does not belong to the digit: uint8 [H, W] -> the same."""
    found = components(ink > 0)
    if len(found) < 2:
        return ink
    chosen = _chosen(found)
    return ink if chosen.all() else np.where(found.painted(chosen), ink, 0).astype(np.uint8)


def _chosen(found: Components) -> Mask:
    boxes, areas, at_edge = found.boxes, found.areas.astype(np.float64), found.at_edge
    sizes = found.sizes.max(axis=1)
    open_to_choice = ~_frames(found, boxes, sizes)
    main = int(np.where(open_to_choice, areas * np.where(at_edge, _AT_EDGE, 1), -1).argmax())
    fit = open_to_choice & (sizes >= _SPECK * sizes[main]) & (~at_edge | at_edge[main])
    fit[main] = True
    return _grown(main, fit, boxes, _APART * float(sizes[main]))


def _grown(main: int, fit: Mask, boxes: Boxes, reach: float) -> Mask:
    """Return the pieces that lie near the main one, or near one that does."""
    chosen = np.zeros(len(boxes), np.bool_)
    chosen[main] = True
    newest = [main]
    while newest:
        nearest = np.min([_gaps(boxes, boxes[number]) for number in newest], axis=0)
        near = fit & ~chosen & (nearest <= reach)
        chosen |= near
        newest = list(np.flatnonzero(near))
    return chosen


def _gaps(boxes: Boxes, box: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return how far from a box each other lies, in pixels."""
    across = np.maximum(np.maximum(boxes[:, 0] - box[2], box[0] - boxes[:, 2]), 0)
    down = np.maximum(np.maximum(boxes[:, 1] - box[3], box[1] - boxes[:, 3]), 0)
    gaps: NDArray[np.float64] = np.hypot(across, down)
    return gaps


def _frames(found: Components, boxes: Boxes, sizes: NDArray[np.intp]) -> Mask:
    """Return which pieces are drawn around others: the box of a form, a circle."""
    frames = np.zeros(len(boxes), np.bool_)
    heights = boxes[:, 3] - boxes[:, 1]
    for number in np.flatnonzero(sizes >= sizes.max() / 2).tolist():
        within = enclosed(boxes, number)
        holds = (within & (heights >= _FRAME_HOLDS * heights[number])).any()
        ringed = holds_enough(boxes, number, within)
        if not holds and not ringed:
            continue
        left, top, right, bottom = boxes[number]
        only = np.zeros(len(boxes), np.bool_)
        only[number] = True
        own = found.painted(only)[top:bottom, left:right]
        frame = holds and covered_sides(own, _FRAME_BAND) >= _FRAME_COVERED
        frames[number] = frame or (ringed and is_ring(own))
    return frames
