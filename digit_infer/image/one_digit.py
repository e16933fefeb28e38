"""Chooses the components that form the digit; the others are dust, neighbours, frames or separate digits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.image.components import Boxes, Components, Mask

_SPECK = 0.1
"""A component is dust if smaller than this share of the digit's largest component."""

_APART = 0.3
"""A component joins the digit if its gap to it is at most this share of the largest component's size."""

_MARGIN = 0.25
_LEAST_WEIGHT = 0.05
"""In this outer share of the picture ink weighs less, down to the second value at the edge, where neighbours are cut."""

TINY = 40
"""In a picture up to this size in pixels nothing is left out: it was cropped to its digit, whose strokes may be broken."""

_RIM = 0.08
"""Components entirely in this outer share of the picture are slivers of a box or a neighbour."""

_HOLLOW = 0.25
_SMALLEST_FRAME = 12
_HOLDS = 0.3
"""A frame has sides of at least the second value in pixels, fills at most the first share of its box, and encloses a
component of at least the third share of its height. Zeros that enclose a stroke are drawn with a broader pen.
"""

MOST_PIECES = 5_000
"""Frames are not searched for among more components: each is compared with all others."""

LIKE = 0.4
"""A component may be a separate digit if its size is at least this share of the largest one's."""


@dataclass(frozen=True, eq=False)
class Picked:
    """Masks [K] of the components: the digit, others of similar size, frames; and the share of ink left out."""

    chosen: Mask
    others: Mask
    frames: Mask
    main: int
    left_out: float


def picked(found: Components, *, tiny: bool = False) -> Picked | None:
    """Choose the digit's components; all of a ``tiny`` picture, None if there are only slivers at the edge."""
    if len(found) == 1:
        alone = np.ones(1, np.bool_)
        return None if found.at_edge[0] and _from_edge(found).max() <= _RIM else Picked(alone, ~alone, ~alone, 0, 0.0)
    if tiny:
        every = np.ones(len(found), np.bool_)
        return Picked(every, ~every, ~every, int(found.areas.argmax()), 0.0)
    frames, from_edge = frames_of(found), _from_edge(found)
    at_edge = found.at_edge
    at_rim = (np.maximum.reduceat(from_edge, found.firsts) <= _RIM) & at_edge | frames
    if at_rim.all():
        return None
    boxes, areas, sizes = found.boxes, found.areas, found.sizes.max(axis=1)
    counts = (found.stops - found.starts) * np.clip(from_edge / _MARGIN, _LEAST_WEIGHT, 1)
    main = int(np.where(at_rim, -1, np.add.reduceat(counts, found.firsts)).argmax())
    size = float(sizes[main])
    fit = ~at_rim & (sizes >= _SPECK * size)
    fit[main] = True
    chosen = _grown(main, fit & (~at_edge | at_edge[main]), boxes, _APART * size)
    others = fit & ~chosen & (sizes >= LIKE * size) & ~at_edge
    return Picked(chosen, others, frames, main, float(areas[~chosen & ~frames].sum() / areas[~frames].sum()))


def frames_of(found: Components) -> Mask:
    """Return which components are thin lines around another: the box of a form, a circle around an answer."""
    boxes, areas = found.boxes, found.areas
    sizes = found.sizes
    frames = np.zeros(len(found), np.bool_)
    if len(found) > MOST_PIECES:
        return frames
    thin = (areas <= _HOLLOW * sizes[:, 0] * sizes[:, 1]) & (sizes.min(axis=1) >= _SMALLEST_FRAME)
    for number in thin.nonzero()[0].tolist():
        left, top, right, bottom = boxes[number]
        within = (boxes[:, 0] > left) & (boxes[:, 1] > top) & (boxes[:, 2] < right) & (boxes[:, 3] < bottom)
        frames[number] = bool((sizes[within, 1] >= _HOLDS * (bottom - top)).any())
    return frames


def _from_edge(found: Components) -> NDArray[np.float64]:
    """Return the distance of each run's middle from the nearest edge, as a share of the picture's side."""
    height, width = found.shape
    rows, columns = found.rows + 0.5, (found.starts + found.stops) / 2
    by_row, by_column = np.minimum(rows, height - rows) / height, np.minimum(columns, width - columns) / width
    nearest: NDArray[np.float64] = np.minimum(by_row, by_column)
    return nearest


def _grown(main: int, fit: Mask, boxes: Boxes, reach: float) -> Mask:
    """Return the components within reach of the main one, directly or through others."""
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
    """Return the distance of each box from ``box``, in pixels."""
    across = np.maximum(np.maximum(boxes[:, 0] - box[2], box[0] - boxes[:, 2]), 0)
    down = np.maximum(np.maximum(boxes[:, 1] - box[3], box[1] - boxes[:, 3]), 0)
    gaps: NDArray[np.float64] = np.hypot(across, down)
    return gaps
