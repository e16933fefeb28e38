"""The second look: ink as the ink network marks it, whatever lies around it and whatever light falls on it."""

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
    """Pictures uint8 [N, 128, 128] -> how much ink each pixel holds, uint8 [N, 128, 128]"""

INKED = 89
"""What holds this much ink, of 255, hangs together."""

_BACKGROUND = 38
_FULL = 217
"""Up to the first a pixel is background, from the second on it is full of ink."""

_FULL_INK = np.clip((np.arange(256.0) - _BACKGROUND) * (255 / (_FULL - _BACKGROUND)), 0, 255).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class View:
    """A grey square uint8 [128, 128] with a picture inside, of a ``size`` (width, height), at a ``corner`` (left, top)."""

    grey: NDArray[np.uint8]
    size: tuple[int, int]
    corner: tuple[int, int]
    scale: float

    @classmethod
    def of(cls, grey: Grey) -> View:
        """Fit a picture uint8 [H, W] into the square, in its proportions; the rest has the grey of the picture's border."""
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
        """Return where in the square the picture is."""
        (width, height), (left, top) = self.size, self.corner
        return slice(top, top + height), slice(left, left + width)


def network_looks(greys: Sequence[Grey], mark: Mark) -> list[Look | None]:
    """Return the digit of each picture as the network sees it, or None where it sees none; two calls at most."""
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
    """Look at parts of pictures of those shapes; each says where it lies: left and top."""
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
    """Bring what the network marks to 0 on the background and 255 in a stroke: uint8 -> uint8."""
    return _FULL_INK[ink]
