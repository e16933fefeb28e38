"""Ink -> the digit: the components that form it, and those that may be digits of their own.

The others are dust, neighbours or frames. The commands of ``python -m bench`` that chose a number are named behind it, with
the kinds of pictures that need it most.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from digit_infer.image.components import components
from digit_infer.image.mnist_form import Box, in_mnist_form

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.image.components import Boxes, Components, Mask
    from digit_infer.image.grey import Grey

    Ink = NDArray[np.uint8]
    """uint8 [H, W], 0 = background, 255 = ink"""

By = Literal["given", "plain", "network"]
"""How the ink was found: not at all (already in MNIST's form), by a threshold, or by the ink network."""

INKED = 89
"""Pixels with at least this much ink, of 255, form components, however the ink was found (real-pictures: photo; robustness:
blind_stripes)."""

_SPECK = 0.1
"""A component is dust if smaller than this share of the digit's largest component (robustness: squared, specked)."""

_APART = 0.3
"""A component joins the digit if its gap to it is at most this share of the largest component's size. A crop around a digit
has a margin of the same share (robustness: thin, checked_cloth)."""

_RIM = 0.08
"""Components entirely in this outer share of the picture are slivers of a box or a neighbour (real-pictures:
sudoku_cell_blank)."""

_HOLLOW = 0.25
_HOLDS = 0.3
"""A frame fills at most the first share of its box, and encloses a component of at least the second share of its height.
Zeros that enclose a stroke are drawn with a broader pen (robustness: circled, glared, canvas_in_page)."""

_SLASH = 0.65
_STRAIGHT = 0.97
"""The stroke of a slashed 0 is straight and rises: its rows and columns are correlated by at least the second number.
Width by height of its box is at least the first share of that of its ring, so a straight 1 that leans as much in a circle
is a 0, too (unseen: slashed 0; robustness: circled)."""

MOST_PIECES = 5_000
"""Frames are not searched for among more components: each is compared with all others."""

_LIKE = 0.4
"""A component may be a separate digit if its size is at least this share of the largest one's (real-pictures:
two_digits_predict)."""

_MOST_PARTS = 4
"""Parts that are classified, largest first."""

SOLID = 0.6
"""Ink that fills this share of a square around it is no stroke, but a badge, or paper on a table (robustness: on_table,
canvas_in_page)."""

FEW = 20
"""A digit of fewer pixels in a downscaled picture is located again at full resolution (robustness: small)."""


@dataclass(frozen=True)
class Place:
    """Maps a working picture to the grey picture, ``width`` by ``height``; ``scale`` is grey pixels per working pixel."""

    scale: float
    left: float
    top: float
    width: int
    height: int

    def box(self, own: Box) -> Box:
        """Map a box to the grey picture, clipped, at least one pixel in size."""
        left, right = (round(self.left + edge * self.scale) for edge in (own.left, own.right))
        top, bottom = (round(self.top + edge * self.scale) for edge in (own.top, own.bottom))
        left, top = min(max(left, 0), self.width - 1), min(max(top, 0), self.height - 1)
        return Box(left, top, min(max(right, left + 1), self.width), min(max(bottom, top + 1), self.height))


@dataclass(frozen=True, eq=False)
class Part:
    """Ink that may be a digit: its box on the grey picture, and its image uint8 [28, 28] for the classifier."""

    box: Box
    image: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Look:
    """Result of one method of locating a digit.

    Attributes:
        by: the method.
        ink: uint8 [h, w], 255 = ink: the digit's ink, cropped to its box.
        whole: the digit with all its components.
        everything: all ink except frames, or a picture of MNIST's size as it is, if that is more than the digit; else None.
        slashed: the digit with its frame, if both may be a slashed 0; else None.
        parts: components of similar size that may be separate digits, the main one first; none or at least two.
        is_even: whether the background is even, and the ink is of strokes, not of solid areas, and within the picture; of a
            tiny picture, whether the background is even.
        is_final: whether the ink network has nothing to add: the picture is in MNIST's form, or has too few pixels.
    """

    by: By
    ink: Ink
    whole: Part
    everything: Part | None = None
    slashed: Part | None = None
    parts: tuple[Part, ...] = ()
    is_even: bool = True
    is_final: bool = False

    @property
    def asked(self) -> tuple[Part, ...]:
        """Candidates for the digit: the whole, then everything, then the slashed 0, then the parts."""
        return (self.whole, *(part for part in (self.everything, self.slashed) if part is not None), *self.parts)


def around(grey: Grey, box: Box) -> tuple[Grey, int, int]:
    """Crop a picture uint8 [H, W] to a box with a margin; return the crop, its left and its top."""
    room = round(_APART * max(box.width, box.height)) + 2
    left, top = max(0, box.left - room), max(0, box.top - room)
    return np.ascontiguousarray(grey[top : box.bottom + room, left : box.right + room]), left, top


def border_of(grey: Grey) -> Grey:
    """Return the pixels of a picture's four edges, uint8 [2 * (W + H)]; each corner is there twice."""
    return np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])


def found_in(
    ink: Ink,
    mask: Mask,
    by: By,
    place: Place,
    frame: tuple[int, int, int, int] | None = None,
    *,
    is_even: bool = True,
    even: bool = False,
) -> Look | None:
    """Locate the digit in ink uint8 [H, W] by the components of a mask [H, W]; None if there is none, or only slivers.

    ``frame`` is that of ``components``. With ``even``, None is also returned where ``Look.is_even`` would be false.
    """
    found = components(mask, frame)
    pick = picked(found)
    if pick is None:
        return None
    box, own = _cut(ink, found, pick.chosen)
    within = not (found.at_edge & pick.chosen).any()
    is_even = bool(is_even and within and np.count_nonzero(own) <= SOLID * max(own.shape) ** 2)
    if even and not is_even:
        return None
    whole = Part(place.box(box), in_mnist_form(own))
    is_all = pick.unframed is pick.chosen or np.array_equal(pick.chosen, pick.unframed)
    everything = None if is_all else _part(ink, found, pick.unframed, place)
    slash = _slashed(found, pick)
    slashed = None if slash is None else _part(ink, found, slash, place)
    may_be_several = len(found) > 1 and (is_even or by == "network")
    parts = _parts(ink, found, pick, place) if may_be_several else ()
    return Look(by, own, whole, everything, slashed, parts, is_even)


@dataclass(frozen=True, eq=False)
class Picked:
    """Masks [K] of the components: the digit, others apart from it, and all but frames; ``main`` is the digit's largest."""

    chosen: Mask
    others: Mask
    unframed: Mask
    main: int


def picked(found: Components) -> Picked | None:
    """Choose the digit's components, None if there are only slivers at the edge."""
    at_edge = found.at_edge
    if len(found) == 1 and not at_edge[0]:
        every = ~at_edge
        return Picked(every, at_edge, every, 0)
    from_edge = _from_edge(found)
    frames = frames_of(found)
    left_out = at_edge & (np.maximum.reduceat(from_edge, found.firsts) <= _RIM) | frames
    if left_out.all():
        return None
    sizes = found.sizes.max(axis=1)
    weights = np.add.reduceat((found.stops - found.starts) * from_edge, found.firsts)  # neighbours are cut at the edge
    main = int(np.where(left_out, -1, weights).argmax())
    fit = ~left_out & (sizes >= _SPECK * sizes[main])
    chosen = _grown(main, fit & (~at_edge | at_edge[main]), found.boxes, _APART * float(sizes[main]))
    return Picked(chosen, fit & ~chosen & ~at_edge, ~frames, main)


def frames_of(found: Components) -> Mask:
    """Return which components lie around another that may be a digit: the box of a form, a circle around an answer."""
    boxes, sizes = found.boxes, found.sizes
    frames, heights = np.zeros(len(found), np.bool_), sizes[:, 1]
    if 1 < len(found) <= MOST_PIECES:
        for number in (found.areas <= _HOLLOW * sizes.prod(axis=1)).nonzero()[0].tolist():
            frames[number] = bool((_within(boxes, boxes[number]) & (heights >= _HOLDS * heights[number])).any())
    return frames


def _within(boxes: Boxes, box: NDArray[np.intp]) -> Mask:
    """Return which boxes lie inside ``box``, apart from its edges."""
    inside: Mask = (boxes[:, 0] > box[0]) & (boxes[:, 1] > box[1]) & (boxes[:, 2] < box[2]) & (boxes[:, 3] < box[3])
    return inside


def _slashed(found: Components, pick: Picked) -> Mask | None:
    """Return the digit with the one frame around it, if it is a straight stroke along the frame's rising diagonal."""
    frames = ~pick.unframed
    if np.count_nonzero(frames) != 1 or np.count_nonzero(pick.chosen) != 1:
        return None
    frame = int(frames.argmax())
    if not _within(found.boxes, found.boxes[frame])[pick.main]:
        return None
    (width, height), (wide, high) = found.sizes[pick.main], found.sizes[frame]
    own = found.runs(pick.main)
    rows, middles = (places - places.mean() for places in (found.rows[own], found.starts[own] + found.stops[own]))
    rises = rows @ middles < -_STRAIGHT * np.sqrt((rows @ rows) * (middles @ middles))
    return pick.chosen | frames if rises and width * high >= _SLASH * wide * height else None


def _from_edge(found: Components) -> NDArray[np.float64]:
    """Return the distance of each run's middle from the nearest edge, as a share of the picture's side."""
    left, top, right, bottom = found.frame
    rows, columns = found.rows + 0.5, (found.starts + found.stops) / 2
    by_row = np.minimum(rows - top, bottom - rows) / (bottom - top)
    by_column = np.minimum(columns - left, right - columns) / (right - left)
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


def _parts(ink: Ink, found: Components, pick: Picked, place: Place) -> tuple[Part, ...]:
    """Return components that may be separate digits, the main one first, then by area; none or at least two."""
    sizes = found.sizes.max(axis=1)
    large = (pick.chosen & ~found.at_edge | pick.others) & (sizes >= _LIKE * sizes[pick.main])
    several = np.flatnonzero(large).tolist()
    if len(several) < 2:
        return ()
    several.sort(key=lambda number: (number != pick.main, -int(found.areas[number])))
    every = np.arange(len(found))
    return tuple(_part(ink, found, every == number, place) for number in several[:_MOST_PARTS])


def _part(ink: Ink, found: Components, chosen: Mask, place: Place) -> Part:
    box, cut = _cut(ink, found, chosen)
    return Part(place.box(box), in_mnist_form(cut))


def _cut(ink: Ink, found: Components, chosen: Mask) -> tuple[Box, Ink]:
    """Crop components, without the pixels of others."""
    boxes = found.boxes[chosen]
    left, top, _, _ = np.minimum.reduce(boxes).tolist()
    _, _, right, bottom = np.maximum.reduce(boxes).tolist()
    cut = ink[top:bottom, left:right]
    if len(boxes) < len(found):
        cut = np.where(found.painted(chosen)[top:bottom, left:right], cut, 0)
    return Box(left, top, right, bottom), cut
