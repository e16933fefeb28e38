"""How much ink lies where on a page, whatever the light: the ground bends with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from digit_infer.errors import BlankPictureError
from digit_infer.image.ground import standing_out
from digit_infer.image.median_filter import median_3x3

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.image.decode import Grey

    Strength = NDArray[np.uint8]
    """uint8 [H, W]: by how many grey levels a pixel stands out from the ground"""

LEAST_CONTRAST = 20.0
"""Grey levels by which ink differs from the ground at least; what differs less is paper grain, shadow or JPEG noise."""

_CELLS = 48
"""The ground is known at so many places along the longer side, between which it is interpolated."""

_REACH = 5
"""Cells on each side that a place of the ground looks at: ink must fill less than half of them."""

_FINER = 3
"""Parts of a cell on each side: a printed line darkens those that it runs through, and not the whole cell."""

_FILTERED = 100
"""Pictures of this side or more are freed from specks of a pixel first; in smaller ones a pixel may be a stroke."""


def ink_strength(grey: Grey) -> tuple[Strength, float]:
    """Return by how many grey levels each pixel stands out from the ground, on the side where more does, and the noise.

    The first is uint8 [H, W]; the second the standard deviation of the bare ground, if that is most of it.

    Raises:
        BlankPictureError: nothing does.
    """
    smooth = median_3x3(grey) if min(grey.shape) >= _FILTERED else grey
    difference = smooth - bent_ground(smooth)
    strength = standing_out(difference)
    if strength.max() < LEAST_CONTRAST:
        raise BlankPictureError("there is no ink on the picture", "give a picture with digits on it")
    return np.rint(np.minimum(strength, 255)).astype(np.uint8), 1.4826 * float(np.median(np.abs(difference)))


def bent_ground(grey: Grey) -> NDArray[np.float32]:
    """Return the grey of the bare ground at each pixel: medians of overlapping windows, with bends between them."""
    height, width = grey.shape
    size = (max(1, round(_CELLS * width / max(grey.shape))), max(1, round(_CELLS * height / max(grey.shape))))
    if min(size) < 2 or max(grey.shape) < 2 * _CELLS:
        return np.full(grey.shape, np.median(grey), np.float32)
    finer = (_FINER * size[0], _FINER * size[1])
    cells = np.asarray(Image.fromarray(grey).resize(finer, Image.Resampling.BOX))
    reach = _REACH * _FINER
    wide = np.pad(cells, reach, mode="reflect" if min(cells.shape) > reach else "edge")
    side = (2 * _REACH + 1) * _FINER
    windows = np.lib.stride_tricks.sliding_window_view(wide, (side, side))[::_FINER, ::_FINER]
    medians = np.median(windows.reshape(*windows.shape[:2], -1), axis=2).astype(np.float32)
    level: NDArray[np.float32] = np.asarray(Image.fromarray(medians).resize((width, height), Image.Resampling.BICUBIC))
    return level
