"""The ink of a whole page as the ink network marks it: square by square, where each sees a margin of its neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFilter

from digit_infer.contract import INK_SIDE
from digit_infer.image.components import components, is_grain
from digit_infer.image.network_look import INKED, View
from digit_infer.image.one_digit import MOST_PIECES, frames_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.image.decode import Grey
    from digit_infer.image.network_look import Mark

_MARGIN = 16
"""Pixels at each side of a square that its neighbour marks, too: near its edge a square sees too little."""

_NEARLY = 1.4
"""Where a page would be enlarged less than this, the look at the whole of it will do."""

_DIGIT = 48
"""Pixels of a digit's height that the network is to see: it learned from 12 to 125."""

_HALF = 127
_SMALLEST_FRAME = 16
_HOLLOW = 0.4
_BAND = 0.06
_COVERED = 0.85
_ONE_CELL = 1.6
_REACH = 5
"""An empty box has sides of so many pixels at least, fills the first share of itself at most, and has ink along the third
share of its four sides, within the second share of its edges. It is taken out with what lies two pixels beside it; of a box
that is so many times as wide as high at most, its edges alone."""


def page_ink(grey: Grey, mark: Mark) -> NDArray[np.uint8]:
    """Return how much ink of handwriting each pixel of a page holds: uint8 [H, W] -> the same.

    A look at the whole page tells how high its digits are; where they are small, it is looked at again, square by square.
    """
    view = View.of(grey)
    whole = mark(view.grey[None])[0][view.inside]
    found = components(whole >= INKED)
    height = found.typical_height(np.ones(len(found), np.bool_))
    scale = min(_DIGIT / height * view.scale if height else 1.0, 1.0)
    ink = whole if scale <= _NEARLY * view.scale else _by_squares(_resized(grey, scale), mark)
    return ink if ink.shape == grey.shape else _to_size(ink, grey.shape)


def without_frames(ink: NDArray[np.uint8], plain: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a page's ink without boxes and rings: thin lines around something, or with all sides and corners of a box.

    They are looked for in the ``plain`` ink, where they are whole.
    """
    mask = plain > _HALF
    if is_grain(mask):
        return ink
    seen = components(mask)
    if not 0 < len(seen) <= MOST_PIECES:
        return ink
    frames = frames_of(seen)
    lines = seen.painted(frames)
    for number, (left, top, right, bottom) in enumerate(seen.boxes.tolist()):
        width, height = right - left, bottom - top
        if min(width, height) < _SMALLEST_FRAME or frames[number]:
            continue
        within = slice(top, bottom), slice(left, right)
        own = seen.own(number)
        if own.mean() <= _HOLLOW and _is_box(own):
            if width <= _ONE_CELL * height:  # a digit may touch it
                edge = max(3, round(_BAND * min(width, height)))
                own[edge:-edge, edge:-edge] = False
            lines[within] |= own
    if not lines.any():
        return ink
    wide = np.asarray(Image.fromarray(lines.astype(np.uint8) * 255).filter(ImageFilter.MaxFilter(_REACH)))
    return np.where(wide > 0, 0, ink).astype(np.uint8)


def _is_box(own: NDArray[np.bool_]) -> bool:
    """Tell whether a piece, bool [H, W] within its box, has ink along all its sides and in all corners."""
    band = max(3, round(_BAND * min(own.shape)))
    sides = own[:band].any(axis=0), own[-band:].any(axis=0), own[:, :band].any(axis=1), own[:, -band:].any(axis=1)
    corners = own[:band, :band], own[:band, -band:], own[-band:, :band], own[-band:, -band:]
    return all(side.mean() >= _COVERED for side in sides) and all(corner.any() for corner in corners)


def _resized(grey: Grey, scale: float) -> Grey:
    if scale == 1:
        return grey
    return _to_size(grey, tuple(max(1, round(length * scale)) for length in grey.shape))


def _to_size(pixels: NDArray[np.uint8], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    resampling = Image.Resampling.BOX if shape[0] < pixels.shape[0] else Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).resize((shape[1], shape[0]), resampling))


def _by_squares(page: Grey, mark: Mark) -> NDArray[np.uint8]:
    height, width = page.shape
    step = INK_SIDE - 2 * _MARGIN
    rows, columns = -(-height // step), -(-width // step)
    low, high = (_MARGIN, rows * step + _MARGIN - height), (_MARGIN, columns * step + _MARGIN - width)
    wide = np.pad(page, (low, high), "edge")
    places = [(row * step, column * step) for row in range(rows) for column in range(columns)]
    ink = np.empty((rows * step, columns * step), np.uint8)
    inner = slice(_MARGIN, _MARGIN + step)
    marked = mark(np.stack([wide[top : top + INK_SIDE, left : left + INK_SIDE] for top, left in places]))
    for (top, left), square in zip(places, marked, strict=True):
        ink[top : top + step, left : left + step] = square[inner, inner]
    return ink[:height, :width]
