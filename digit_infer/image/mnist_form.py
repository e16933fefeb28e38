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
from PIL import Image

from digit_infer.contract import SIDE
from digit_infer.errors import BlankPictureError
from digit_infer.image.median_filter import median_3x3

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

_MIDDLES = np.arange(SIDE) + 0.5


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
    box = _box_in_mnist_form(grey)
    if box is not None:
        return Normalized(grey, grey, box, grey.copy())  # a caller may fill its buffer again
    ink = find_ink(grey)
    box = _box(ink)
    cropped = ink[box.top : box.bottom, box.left : box.right]
    return Normalized(grey, ink, box, centred(fitted(cropped)))


def is_mnist_form(grey: Grey) -> bool:
    """Tell whether a picture already is what ``normalize`` would make of it, give or take a pixel."""
    return _box_in_mnist_form(grey) is not None


def _box_in_mnist_form(grey: Grey) -> Box | None:
    """Return the box of the ink of a picture that already has MNIST's form, else None."""
    if grey.shape != (SIDE, SIDE) or not grey.any():
        return None
    box = _box(grey)
    if not BOX - 1 <= max(box.right - box.left, box.bottom - box.top) <= BOX:
        return None
    return box if all(abs(mass - CENTRE) <= 1 for mass in _centre_of_mass(grey)) else None


def find_ink(grey: Grey) -> NDArray[np.uint8]:
    """Return how much ink each pixel holds: uint8 [H, W], 0 = ground, 255 = ink.

    Ink is what differs from the ground in the direction, darker or lighter, in which more differs. Otsu's threshold (IEEE
    Trans. SMC 9, 1979) separates the two, and the edges of strokes keep their grey.

    Raises:
        BlankPictureError: nothing stands out.
    """
    smooth = median_3x3(grey) if min(grey.shape) > 3 * SIDE else grey
    lighter = smooth - ground(smooth)
    darker = np.negative(lighter)
    for side in (lighter, darker):
        np.maximum(side, 0, out=side)
    stronger = darker if darker.sum() >= lighter.sum() else lighter
    strength = np.rint(np.minimum(stronger, 255, out=stronger), out=stronger).astype(np.uint8)
    counts = np.array(Image.fromarray(strength).histogram())
    strongest = int(np.flatnonzero(counts)[-1])
    if strongest < _MIN_CONTRAST:
        raise BlankPictureError(
            f"there is no ink on the picture (its grey levels lie within {strongest} of the ground's)",
            "give a picture with a digit on it",
        )
    counts[: otsu(counts) + 1] = 0
    full = _median_by_counts(counts)
    floor = max(_MIN_CONTRAST / 2, _FAINTEST_EDGE * full)
    scaled = (np.arange(256, dtype=np.float32) - floor) * (255 / max(full - floor, 1.0))
    ink: NDArray[np.uint8] = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)[strength]
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
    before = np.zeros(len(values), bool)
    for _ in range(_FITS):
        error = np.abs(values - terms @ plane)
        near = error <= max(_MIN_CONTRAST / 4, _FAR_DEVIATIONS * 1.4826 * _median(error))
        if 2 * np.count_nonzero(near) < len(near) or np.array_equal(near, before):  # the same again gives the same plane
            break
        kept, before = np.flatnonzero(near), near
        kept_terms = terms[kept]
        plane = np.linalg.lstsq(kept_terms.T @ kept_terms, kept_terms.T @ values[kept], rcond=None)[0]
    level: NDArray[np.float32] = plane[0] + plane[1] * rows[:, None] + plane[2] * columns[None, :]
    return level


def otsu(counts: NDArray[np.integer]) -> int:
    """Return the threshold that separates the values at or below it from those above it best.

    ``counts`` [256] says how often each value occurs.
    """
    below = np.cumsum(counts, dtype=np.float64)
    above = below[-1] - below
    sums = np.cumsum(counts * np.arange(256.0))
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
    height, width = ink.shape
    row, column = _centre_of_mass(ink)
    top = min(max(round(CENTRE - row), 0), SIDE - height)
    left = min(max(round(CENTRE - column), 0), SIDE - width)
    image[top : top + height, left : left + width] = ink
    return image


def _median(values: NDArray[np.generic]) -> float:
    """Return the upper median. ``np.median`` imports numpy.ma at its first call, which takes longer than all of this."""
    middle = values.size // 2
    return float(np.partition(values.ravel(), middle)[middle])


def _median_by_counts(counts: NDArray[np.integer]) -> int:
    """Return the upper median of values of which each occurs so often."""
    up_to = np.cumsum(counts)
    return int(np.searchsorted(up_to, up_to[-1] // 2, side="right"))


def _centre_of_mass(ink: NDArray[np.uint8]) -> tuple[float, float]:
    """Return row and column of the centre of mass of at most 28 x 28 pixels, pixel centres at half numbers."""
    by_row, by_column = np.add.reduce(ink, axis=1, dtype=np.float64), np.add.reduce(ink, axis=0, dtype=np.float64)
    total = np.add.reduce(by_row)
    return float(by_row @ _MIDDLES[: len(by_row)] / total), float(by_column @ _MIDDLES[: len(by_column)] / total)


def _box(ink: NDArray[np.uint8]) -> Box:
    rows, columns = np.maximum.reduce(ink, axis=1) > 0, np.maximum.reduce(ink, axis=0) > 0
    height, width = ink.shape
    return Box(
        int(columns.argmax()), int(rows.argmax()), width - int(columns[::-1].argmax()), height - int(rows[::-1].argmax())
    )
