"""Locates ink by the ink network, on any background and in any light: of one digit, or of a whole page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from digit_infer.contract import INK_SIDE
from digit_infer.image.components import components
from digit_infer.image.one_digit import FEW, INKED, Look, Place, around, border_of, found_in

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.image.grey import Grey

    Mark = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]
    """Pictures uint8 [N, 128, 128] -> ink uint8 [N, 128, 128], 255 = full of ink"""

_MARGIN = 16
"""Pixels at each side of a square of a page that its neighbour marks, too: near its edge a square sees too little."""

_NEARLY = 1.4
"""Where a page would be enlarged less than this, the look at the whole of it will do."""

_DIGIT = 48
"""Pixels of a digit's height that the network is to see: it learned from 12 to 125."""


@dataclass(frozen=True, eq=False)
class View:
    """A picture fitted into a square uint8 [128, 128]: its ``size`` (width, height) and ``corner`` (left, top) there."""

    grey: NDArray[np.uint8]
    size: tuple[int, int]
    corner: tuple[int, int]
    scale: float

    @classmethod
    def of(cls, grey: Grey) -> View:
        """Fit a picture uint8 [H, W] into the square, keeping its aspect ratio; pad with the median of its border."""
        height, width = grey.shape
        scale = INK_SIDE / max(height, width)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        picture = Image.fromarray(grey if grey.flags.c_contiguous else grey.copy())
        fitted = np.asarray(picture.resize(size, Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC))
        corner = ((INK_SIDE - size[0]) // 2, (INK_SIDE - size[1]) // 2)
        border = border_of(fitted)
        square = np.full((INK_SIDE, INK_SIDE), np.partition(border, border.size // 2)[border.size // 2], np.uint8)
        view = cls(square, size, corner, scale)
        square[view.inside] = fitted
        return view

    @property
    def inside(self) -> tuple[slice, slice]:
        """Return the slices of the square that hold the picture."""
        (width, height), (left, top) = self.size, self.corner
        return slice(top, top + height), slice(left, left + width)


def network_looks(greys: Sequence[Grey], mark: Mark) -> list[Look | None]:
    """Locate the digit of each picture, None where there is no ink; at most two calls of the network."""
    looks = _looks([(grey, 0, 0) for grey in greys], [grey.shape for grey in greys], mark)
    small = [
        number
        for number, (grey, look) in enumerate(zip(greys, looks, strict=True))
        if look is not None and max(grey.shape) > INK_SIDE and not look.parts and max(look.ink.shape) < FEW
    ]
    parts = [around(greys[number], look.whole.box) for number in small if (look := looks[number]) is not None]
    for number, closer in zip(small, _looks(parts, [greys[number].shape for number in small], mark), strict=True):
        looks[number] = closer or looks[number]
    return looks


def _looks(parts: Sequence[tuple[Grey, int, int]], shapes: Sequence[tuple[int, ...]], mark: Mark) -> list[Look | None]:
    """Locate digits in crops of pictures of these shapes; a crop is (grey, left, top)."""
    if not parts:
        return []
    views = [View.of(grey) for grey, _, _ in parts]
    inks = mark(np.stack([view.grey for view in views]))
    looks = []
    for (_, left, top), (height, width), view, ink in zip(parts, shapes, views, inks, strict=True):
        inside = np.zeros_like(ink)
        inside[view.inside] = ink[view.inside]
        scale = 1 / view.scale
        place = Place(scale, left - view.corner[0] * scale, top - view.corner[1] * scale, width, height)
        looks.append(found_in(inside, inside >= INKED, "network", place))
    return looks


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
