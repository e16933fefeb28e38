"""The second look: ink as the ink network marks it, whatever lies around it and whatever light falls on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from digit_infer.contract import INK_SIDE
from digit_infer.image.look import Look, Place, found_in

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

_FEW = 20
_ROOM = 0.3
"""A digit with fewer pixels than this in the view is looked at again, with this share of its size around it."""


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
    if not greys:
        return []
    views = [View.of(grey) for grey in greys]
    looks = [
        _look(
            view, ink, Place(1 / view.scale, -view.corner[0] / view.scale, -view.corner[1] / view.scale, *grey.shape[::-1])
        )
        for grey, view, ink in zip(greys, views, mark(np.stack([view.grey for view in views])), strict=True)
    ]
    small = [
        number
        for number, (look, view) in enumerate(zip(looks, views, strict=True))
        if look is not None and view.scale < 1 and not look.parts and max(look.ink.shape) < _FEW
    ]
    if small:
        parts = [_around(greys[number], looks[number]) for number in small]
        views = [View.of(part) for part, _ in parts]
        inks = mark(np.stack([view.grey for view in views]))
        for number, (_, (left, top)), view, ink in zip(small, parts, views, inks, strict=True):
            scale = 1 / view.scale
            place = Place(scale, left - view.corner[0] * scale, top - view.corner[1] * scale, *greys[number].shape[::-1])
            looks[number] = _look(view, ink, place) or looks[number]
    return looks


def _around(grey: Grey, look: Look | None) -> tuple[Grey, tuple[int, int]]:
    """Cut a digit out with some room, and say where."""
    assert look is not None  # noqa: S101  # the caller chose those that are there
    box = look.whole.box
    width, height = box.width, box.height
    reach = (0.5 + _ROOM) * max(width, height) + 2
    across, down = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    left, top = max(0, round(across - reach)), max(0, round(down - reach))
    return grey[top : round(down + reach), left : round(across + reach)], (left, top)


def _look(view: View, ink: NDArray[np.uint8], place: Place) -> Look | None:
    inside = np.zeros_like(ink)
    inside[view.inside] = ink[view.inside]
    return found_in(full_ink(inside), inside >= INKED, "network", place, is_even=True)


def full_ink(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Bring what the network marks to 0 on the background and 255 in a stroke: uint8 -> uint8."""
    return _FULL_INK[ink]
