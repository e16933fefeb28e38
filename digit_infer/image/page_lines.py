"""Takes what is printed on a page out of the ink: ruled lines, the boxes of forms, lines that are written on.

Digits may touch them: a line goes, and the strokes that cross it stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from digit_infer.image.components import components
from digit_infer.image.ruled_lines import without_lines_across, without_ruled_lines

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.image.components import Components

    Strength = NDArray[np.uint8]
    """uint8 [H, W]: by how many grey levels a pixel stands out from the ground"""

_SMALLEST = 84
"""In a page with a shorter side than this, the stroke of a digit may look like a line."""

_WIDE = 2.5
"""What is so many times as wide as high, and hangs together, may be a row of digits on a line."""

_BAND = 0.1
_COVERED = 0.7
_HOLLOW = 0.5
"""A box of a form has ink within the first share of its longer side of its edges, along the second of all four, for it may
be tilted, and is empty but for the third share at most."""

_BAR = 0.12
_LEANING = 0.25
_AS_LONG = 0.9
_SHORTEST = 24
"""A bar between two boxes is thinner than the first share of its length, and leans by less than the second. No other piece
is longer, but for other bars."""

_TEETH = 3
_SPECK = 0.25
"""So many bars that stand on a line are a comb, if all else that stood on it is shorter than this share of them."""

_THICKEST = 0.1
"""The lines of a form's box are thinner than this share of its shorter side."""


def without_print(strength: Strength, faintest: float) -> Strength:
    """Return the ink without printed lines: uint8 [H, W] -> the same. What is fainter than ``faintest`` is no ink."""
    if min(strength.shape) < _SMALLEST:
        return strength
    cleared = strength.copy()
    for piece in components(strength > faintest).each():
        box = piece.box
        height, width = box.bottom - box.top, box.right - box.left
        own = np.zeros((height, width), np.bool_)
        piece.paint(own, box.left, box.top)
        place = cleared[box.top : box.bottom, box.left : box.right]
        if _is_frame(own):
            rest = without_ruled_lines(np.where(own, place, 0).astype(np.uint8), _THICKEST)
            place[own] = _without_bars(rest, faintest)[own]
        elif width > _WIDE * height:
            rest = without_lines_across(np.where(own, place, 0).astype(np.uint8), _THICKEST)
            place[own] = _without_comb(rest, faintest)[own]
    return without_ruled_lines(cleared)


def _without_bars(strength: Strength, faintest: float) -> Strength:
    """Return what is left of a frame without the bars between its cells, which at an angle do not cross all of it."""
    left = components(strength > faintest)
    bars, _ = _bars(left)
    return np.where(left.painted(bars), 0, strength).astype(np.uint8)


def _without_comb(strength: Strength, faintest: float) -> Strength:
    """Return what stood on a line, or nothing if that is bars alone, as on the comb of a form."""
    left = components(strength > faintest)
    bars, specks = _bars(left)
    return np.zeros_like(strength) if np.count_nonzero(bars) >= _TEETH and (bars | specks).all() else strength


def _bars(left: Components) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which pieces are bars, as long as any other piece, and which are specks beside them."""
    sizes = left.boxes[:, 2:] - left.boxes[:, :2]
    lengths, widths = sizes.max(axis=1), sizes.min(axis=1)
    longest = lengths.max(initial=_SHORTEST)
    thin = (widths < _LEANING * lengths) & (left.areas < _BAR * lengths**2)
    return thin & (lengths >= _AS_LONG * longest), lengths < _SPECK * longest


def _is_frame(own: NDArray[np.bool_]) -> bool:
    """Tell whether a piece has ink along all four sides of its box, and none in most of it."""
    if own.mean() > _HOLLOW:
        return False
    band = max(2, round(_BAND * max(own.shape)))
    sides = own[:band].any(axis=0), own[-band:].any(axis=0), own[:, :band].any(axis=1), own[:, -band:].any(axis=1)
    return min(float(side.mean()) for side in sides) >= _COVERED
