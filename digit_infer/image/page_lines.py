"""Takes what is printed on a page out of the ink: ruled lines, the boxes of forms, lines that are written on.

Digits may touch them: a line goes, and the strokes that cross it stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from digit_infer.image.components import components, covered_sides, enclosed
from digit_infer.image.ground import dilated
from digit_infer.image.ruled_lines import without_lines_across, without_ruled_lines

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.image.components import Component, Components
    from digit_infer.image.page_ink import Strength

_SMALLEST = 84
"""In a page with a shorter side than this, the stroke of a digit may look like a line."""

_WIDE = 2.5
"""What is so many times as wide as high, and hangs together, may be a row of digits on a line."""

_BAND = 0.1
_COVERED = 0.7
_HOLLOW = 0.5
"""A box of a form has ink within the first share of its longer side of its edges, along the second of all four, for it may
be tilted, and is empty but for the third share at most."""

_HOLDS = 0.3
_ALIKE = 0.2
"""It holds something of this share of its height, or its sides are within that of those of one that does: a digit may be
square, too."""

_BAR = 0.12
_LEANING = 0.25
_NEAR = 3
"""A bar between two boxes is thinner than the first share of its length, leans by less than the second, and ends within so
many pixels of lines of the box at both ends."""

_TEETH = 4
_EVEN = 0.1
_SPECK = 0.25
"""So many bars are the teeth of a comb, if their lengths and distances differ by this share at most, and all else that
stood on the line is shorter than this share of them."""

_THICKEST = 0.1
"""The lines of a form's box are thinner than this share of its shorter side."""


def without_print(strength: Strength, faintest: float) -> Strength:
    """Return the ink without printed lines: uint8 [H, W] -> the same. What is fainter than ``faintest`` is no ink."""
    if min(strength.shape) < _SMALLEST:
        return strength
    cleared = strength.copy()
    found = components(strength > faintest)
    pieces, boxes = found.each(), found.boxes
    frames: dict[int, Strength] = {}
    for number, piece in enumerate(pieces):
        own = piece.mask()
        frame = _is_frame(own)
        if own.shape[1] > _WIDE * own.shape[0]:
            rest = _without_line(_alone(cleared, piece, own), faintest)
            if not frame or not rest.any():
                _put(cleared, piece, own, rest)
                continue
        if frame:
            frames[number] = _without_frame(_alone(cleared, piece, own), faintest)
    holding = [number for number, rest in frames.items() if _holds(boxes, number, rest, faintest)]
    for number, rest in frames.items():
        if number in holding or _is_like_one(found.sizes, number, holding):
            _put(cleared, pieces[number], pieces[number].mask(), rest)
    return without_ruled_lines(cleared)


def _alone(strength: Strength, piece: Component, own: NDArray[np.bool_]) -> Strength:
    """Return the part of a picture that a piece's box cuts out, without what belongs to others."""
    box = piece.box
    return np.where(own, strength[box.top : box.bottom, box.left : box.right], 0).astype(np.uint8)


def _put(strength: Strength, piece: Component, own: NDArray[np.bool_], rest: Strength) -> None:
    box = piece.box
    strength[box.top : box.bottom, box.left : box.right][own] = rest[own]


def _without_frame(frame: Strength, faintest: float) -> Strength:
    """Return what is left of a piece without the lines around and between cells."""
    rest = without_ruled_lines(frame, _THICKEST)
    left = components(rest > faintest)
    lines = dilated(((frame > faintest) & (rest <= faintest)).view(np.uint8), 2 * _NEAR + 1) > 0
    bars = _bars(left) & np.array([_ends_on(lines, box) for box in left.boxes.tolist()], np.bool_)
    return _without_comb(np.where(left.painted(bars), 0, rest).astype(np.uint8), faintest)


def _without_line(row: Strength, faintest: float) -> Strength:
    """Return what stands on a line, without it."""
    return _without_comb(without_lines_across(row, _THICKEST), faintest)


def _without_comb(rest: Strength, faintest: float) -> Strength:
    """Return what stood on a line, or nothing where that is the teeth of a form's comb alone."""
    left = components(rest > faintest)
    lengths = left.sizes.max(axis=1)
    teeth = lengths >= _SPECK * lengths.max(initial=0)
    if np.count_nonzero(teeth) < _TEETH or not _bars(left)[teeth].all():
        return rest
    distances = np.diff(np.sort(left.boxes[teeth, 0]))
    even = all(np.ptp(values) <= _EVEN * np.median(values) for values in (lengths[teeth], distances))
    return np.zeros_like(rest) if even else rest


def _bars(left: Components) -> NDArray[np.bool_]:
    lengths, widths = left.sizes.max(axis=1), left.sizes.min(axis=1)
    bars: NDArray[np.bool_] = (widths < _LEANING * lengths) & (left.areas < _BAR * lengths**2)
    return bars


def _ends_on(lines: NDArray[np.bool_], box: list[int]) -> bool:
    """Tell whether a bar ends on lines at both ends."""
    left, top, right, bottom = box
    if bottom - top >= right - left:
        return bool(lines[top, left:right].any() and lines[bottom - 1, left:right].any())
    return bool(lines[top:bottom, left].any() and lines[top:bottom, right - 1].any())


def _holds(boxes: NDArray[np.intp], number: int, rest: Strength, faintest: float) -> bool:
    """Tell whether a frame has something in it: a piece of its own, or what is left without its lines."""
    heights = boxes[:, 3] - boxes[:, 1]
    least = _HOLDS * heights[number]
    inner = components(rest > faintest).boxes
    return bool((heights[enclosed(boxes, number)] >= least).any() or (inner[:, 3] - inner[:, 1] >= least).any())


def _is_like_one(sizes: NDArray[np.intp], number: int, others: list[int]) -> bool:
    return any((np.abs(sizes[number] - sizes[other]) <= _ALIKE * sizes[other]).all() for other in others)


def _is_frame(own: NDArray[np.bool_]) -> bool:
    """Tell whether a piece has ink along all four sides of its box, and none in most of it."""
    return bool(own.mean() <= _HOLLOW) and covered_sides(own, _BAND) >= _COVERED
