"""Locates a digit by the ink network, on any background and in any light."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from digit_infer.contract import INK_SIDE
from digit_infer.image.look import FEW, Look, Place, around, found_in

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.image.decode import Grey

    Mark = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]
    """Pictures uint8 [N, 128, 128] -> ink uint8 [N, 128, 128], 255 = full of ink"""

INKED = 89
"""Pixels with at least this much ink, of 255, form components."""

_BACKGROUND = 38
_FULL = 217
"""Ink levels up to the first are background, from the second on full ink."""

_FULL_INK = np.clip((np.arange(256.0) - _BACKGROUND) * (255 / (_FULL - _BACKGROUND)), 0, 255).astype(np.uint8)


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
        border = np.concatenate([fitted[0], fitted[-1], fitted[:, 0], fitted[:, -1]])
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
        looks.append(found_in(full_ink(inside), inside >= INKED, "network", place, is_even=True))
    return looks


def full_ink(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Stretch the network's output so that background is 0 and strokes are 255: uint8 -> uint8."""
    return _FULL_INK[ink]
