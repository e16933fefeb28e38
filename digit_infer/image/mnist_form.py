"""One grey picture -> one 28 x 28 image in MNIST's own form.

MNIST's digits were scaled by area, keeping their proportions, into a box of 20 x 20, and that box was put into 28 x 28
with its centre of mass in the middle, by a whole number of pixels (LeCun et al., Gradient-based learning applied to
document recognition, 1998, section III.A; facebookresearch/qmnist documents the procedure). The same is done here, after
ink and ground have been told apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFilter

from digit_infer.contract import SIDE
from digit_infer.errors import BlankPictureError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.image.decode import Grey

BOX = 20
"""The largest side of the ink in MNIST's form, in pixels; it is 20 in 9,997 of the 10,000 test images, 19 in the others."""

CENTRE = 14.5
"""Where MNIST's centres of mass lie, in pixels from the edge: over the 10,000 test images, evenly between 14 and 15."""

_MIN_CONTRAST = 24
"""Ink must differ from the ground by this many grey levels; what differs less is paper grain, shadow or JPEG noise."""

_FAINTEST_EDGE = 0.15
"""What holds less than this share of full ink counts as ground. Of 0.02 to 0.3, best on pictures from many hands."""

_BORDER_SHARE = 0.04
_FITS = 4
_FAR_DEVIATIONS = 2.5
"""The border is this share of the shorter side; it is fitted this often, without what lies this many deviations off."""


@dataclass(frozen=True)
class Box:
    """Where the ink is, in pixels of the grey picture; right and bottom lie outside."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, eq=False)
class Normalized:
    """The image that the network sees, and the steps that led there."""

    grey: Grey
    ink: NDArray[np.uint8]
    box: Box
    image: NDArray[np.uint8]


def normalize(grey: Grey) -> Normalized:
    """Bring a grey picture, dark on light or light on dark, into MNIST's form: uint8 [28, 28], 0 = ground, 255 = ink.

    A picture that is in that form already is answered as it is.

    Raises:
        BlankPictureError: nothing on it stands out from the ground.
    """
    if is_mnist_form(grey):
        return Normalized(grey, grey, _box(grey > 0), grey.copy())  # a caller may fill its buffer again
    ink = find_ink(grey)
    box = _box(ink > 0)
    cropped = ink[box.top : box.bottom, box.left : box.right]
    return Normalized(grey, ink, box, centred(fitted(cropped)))


def is_mnist_form(grey: Grey) -> bool:
    """Tell whether a picture already is what ``normalize`` would make of it, give or take a pixel."""
    if grey.shape != (SIDE, SIDE) or not grey.any():
        return False
    box = _box(grey > 0)
    if not BOX - 1 <= max(box.right - box.left, box.bottom - box.top) <= BOX:
        return False
    return bool(np.abs(_centre_of_mass(grey) - CENTRE).max() <= 1)


def find_ink(grey: Grey) -> NDArray[np.uint8]:
    """Return how much ink each pixel holds: uint8 [H, W], 0 = ground, 255 = ink.

    Ink is what differs from the ground in the direction, darker or lighter, in which more differs. Otsu's threshold (IEEE
    Trans. SMC 9, 1979) separates the two, and the edges of strokes keep their grey.

    Raises:
        BlankPictureError: nothing stands out.
    """
    large = min(grey.shape) > 3 * SIDE
    smooth = np.asarray(Image.fromarray(grey).filter(ImageFilter.MedianFilter(3))) if large else grey
    difference = smooth - ground(smooth)
    darker, lighter = np.maximum(-difference, 0), np.maximum(difference, 0)
    stronger = darker if darker.sum() >= lighter.sum() else lighter
    strength = np.rint(np.minimum(stronger, 255)).astype(np.uint8)
    if strength.max() < _MIN_CONTRAST:
        raise BlankPictureError(
            f"there is no ink on the picture (its grey levels lie within {int(strength.max())} of the ground's)",
            "give a picture with a digit on it",
        )
    full = _median(strength[strength > otsu(strength)])
    floor = max(_MIN_CONTRAST / 2, _FAINTEST_EDGE * full)
    scaled = (strength.astype(np.float32) - floor) * (255 / max(full - floor, 1.0))
    ink: NDArray[np.uint8] = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    return ink


def ground(grey: Grey) -> NDArray[np.float32]:
    """Return the grey of the bare ground at each pixel, float32 [H, W]: a plane, since light often comes from one side.

    It is fitted by least squares to the picture's border, again and again without what lies far from it, so that a stroke
    or a shadow that reaches the border does not tilt it.
    """
    height, width = grey.shape
    rows, columns = np.linspace(-1, 1, height, dtype=np.float32), np.linspace(-1, 1, width, dtype=np.float32)
    at_row, at_column = np.broadcast_arrays(rows[:, None], columns[None, :])
    rim = max(1, round(min(grey.shape) * _BORDER_SHARE))
    strips = (np.s_[:rim], np.s_[-rim:], np.s_[rim:-rim, :rim], np.s_[rim:-rim, -rim:])
    values, *place = (
        np.concatenate([whole[strip].ravel() for strip in strips]).astype(np.float32) for whole in (grey, at_row, at_column)
    )
    terms = np.stack([np.ones_like(values), *place], axis=1)
    plane = np.array([_median(values), 0, 0], np.float32)
    for _ in range(_FITS):
        error = np.abs(values - terms @ plane)
        near = error <= max(_MIN_CONTRAST / 4, _FAR_DEVIATIONS * 1.4826 * _median(error))
        if near.mean() < 0.5:
            break
        kept = terms[near]
        plane = np.linalg.lstsq(kept.T @ kept, kept.T @ values[near], rcond=None)[0]
    level: NDArray[np.float32] = plane[0] + plane[1] * rows[:, None] + plane[2] * columns[None, :]
    return level


def otsu(values: NDArray[np.uint8]) -> int:
    """Return the threshold that separates the values at or below it from those above it best."""
    counts = np.bincount(values.ravel(), minlength=256).astype(np.float64)
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * np.arange(256))
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = sums / below - (sums[-1] - sums) / above
        separation = below * above * gap * gap
    return int(np.nanargmax(separation[:-1]))


def fitted(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Scale ink, keeping its proportions, into 20 x 20 by area, and bring its darkest pixel to 255."""
    height, width = ink.shape
    scale = BOX / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    resampling = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    small = np.asarray(Image.fromarray(ink).resize(size, resampling)).astype(np.float32)
    full: NDArray[np.uint8] = np.rint(small * (255 / max(float(small.max()), 1.0))).astype(np.uint8)
    return full


def centred(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Put ink of at most 20 x 20 into 28 x 28 with its centre of mass in the middle, as far as the frame allows."""
    image = np.zeros((SIDE, SIDE), np.uint8)
    top, left = (
        int(np.clip(round(CENTRE - mass), 0, SIDE - size))
        for mass, size in zip(_centre_of_mass(ink), ink.shape, strict=True)
    )
    image[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return image


def _median(values: NDArray[np.generic]) -> float:
    """Return the upper median. ``np.median`` imports numpy.ma at its first call, which takes longer than all of this."""
    middle = values.size // 2
    return float(np.partition(values.ravel(), middle)[middle])


def _centre_of_mass(ink: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return row and column of the centre of mass, pixel centres at half numbers."""
    weights = ink.astype(np.float64)
    total = weights.sum()
    rows = (weights.sum(axis=1) * (np.arange(ink.shape[0]) + 0.5)).sum() / total
    columns = (weights.sum(axis=0) * (np.arange(ink.shape[1]) + 0.5)).sum() / total
    return np.array([rows, columns])


def _box(mask: NDArray[np.bool_]) -> Box:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
