"""How much ink lies where on a page, whatever the light: the ground bends with it, where it has to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from digit_infer.errors import BlankPictureError
from digit_infer.image.ground import dilated, standing_out
from digit_infer.image.lamp_light import BARE_GREYS, bare_ground
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

_WRONG = 0.01
_BETWEEN = 0.06
_BROAD = 0.3
"""A page is evenly lit if at most the first share of it differs from the ground towards the side on which ink does not,
at most the second is neither ground nor half as strong as ink is, and nothing is wider than the third share of the shorter
side. Of drawn pages with a shadow few are, of those without nearly all."""

_THUMBNAIL = 100


def ink_strength(grey: Grey) -> tuple[Strength, float]:
    """Return by how many grey levels each pixel stands out from the ground, on the side where more does, and the noise.

    The first is uint8 [H, W]; the second the standard deviation of the bare ground.

    Raises:
        BlankPictureError: nothing does.
    """
    smooth = median_3x3(grey) if min(grey.shape) >= _FILTERED else grey
    difference = smooth - bare_ground(smooth)
    if not _is_even(difference):  # where strokes are broad, it takes them for ground
        difference = smooth - bent_ground(smooth)
    strength = standing_out(difference)
    if strength.max() < LEAST_CONTRAST:
        raise BlankPictureError("there is no ink on the picture", "give a picture with digits on it")
    other_side = np.abs(difference[strength == 0])  # where no ink is, however much of the page is ink
    noise = 1.4826 * float(np.median(other_side)) if other_side.size else 0.0
    return np.rint(np.minimum(strength, 255)).astype(np.uint8), noise


def _is_even(difference: NDArray[np.float32]) -> bool:
    """Tell from what differs from a ground whether that is ink alone, and no shadow."""
    step = max(1, min(difference.shape) // _THUMBNAIL)
    seen = difference[::step, ::step]
    strength = standing_out(seen)
    ink = strength > BARE_GREYS
    if not ink.any():
        return False
    wrong = (np.abs(seen) > BARE_GREYS) & ~ink
    between = ink & (strength < 0.5 * np.percentile(strength[ink], 75))
    broad = dilated(np.where(ink, 0, 255).astype(np.uint8), round(_BROAD * min(seen.shape))) == 0
    return bool(wrong.mean() <= _WRONG and between.mean() <= _BETWEEN and not broad.any())


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
