"""The ink of a whole page as the ink network marks it: square by square, where each sees a margin of its neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from digit_infer.contract import INK_SIDE
from digit_infer.image.components import components
from digit_infer.image.network_look import INKED, View

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
