"""A digit's ink -> a 28 x 28 image in MNIST's form.

MNIST's digits were scaled by area, keeping their aspect ratio, to fit 20 x 20, and shifted by whole pixels so that the
centre of mass is the centre of 28 x 28 (LeCun et al., Gradient-based learning applied to document recognition, 1998,
section III.A; facebookresearch/qmnist documents the procedure).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from digit_infer.contract import SIDE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.image.grey import Grey

BOX = 20
"""Longer side of the ink in MNIST's form, in pixels: 20 in 9,997 of the 10,000 test images, 19 in the others."""

CENTRE = 14.5
"""Centre of mass in MNIST's form, in pixels from the edge: evenly between 14 and 15 over the 10,000 test images."""

_MIDDLES = np.arange(SIDE) + 0.5
_ONES = np.ones(SIDE)


@dataclass(frozen=True)
class Box:
    """A bounding box in pixels of the grey picture; right and bottom are exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Height in pixels."""
        return self.bottom - self.top

    def has_middle_of(self, other: Box) -> bool:
        """Return whether the centre of another box lies inside."""
        across, down = other.left + other.right, other.top + other.bottom
        return 2 * self.left <= across <= 2 * self.right and 2 * self.top <= down <= 2 * self.bottom


def box_of(ink: NDArray[np.uint8]) -> Box:
    """Return the bounding box of the pixels above 0; there must be one."""
    return box_by(np.maximum.reduce(ink, axis=1), np.maximum.reduce(ink, axis=0))


def box_by(by_row: NDArray[np.generic], by_column: NDArray[np.generic]) -> Box:
    """Return the bounding box of the rows and columns that are not 0."""
    (rows,), (columns,) = by_row.nonzero(), by_column.nonzero()
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def box_in_mnist_form(grey: Grey) -> Box | None:
    """Return the bounding box of a digit if the picture is already in MNIST's form, to within a pixel; else None."""
    if grey.shape != (SIDE, SIDE):
        return None
    by_row, by_column = _sums(grey)
    if not by_row.any():
        return None
    box, middle = box_by(by_row, by_column), _centre_of_mass(by_row, by_column)
    is_form = max(box.width, box.height) in (BOX - 1, BOX) and all(abs(mass - CENTRE) <= 1 for mass in middle)
    return box if is_form else None


def in_mnist_form(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Convert a digit's ink, cropped to its box, to MNIST's form: uint8 [h, w] -> uint8 [28, 28]."""
    return centred(fitted(ink))


def fitted(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Scale ink by area to fit 20 x 20, keeping its aspect ratio, and its darkest pixel to 255."""
    height, width = ink.shape
    scale = BOX / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    resampling = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    small = np.asarray(Image.fromarray(ink).resize(size, resampling))
    darkest = max(int(small.max()), 1)
    return small if darkest == 255 else np.rint(small.astype(np.float32) * (255 / darkest)).astype(np.uint8)


def centred(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Place ink of at most 20 x 20 in 28 x 28 with its centre of mass at the centre, as far as it fits."""
    image = np.zeros((SIDE, SIDE), np.uint8)
    height, width = ink.shape
    row, column = _centre_of_mass(*_sums(ink))
    top = min(max(round(CENTRE - row), 0), SIDE - height)
    left = min(max(round(CENTRE - column), 0), SIDE - width)
    image[top : top + height, left : left + width] = ink
    return image


def _sums(ink: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the sum of each row and of each column of at most 28 x 28 pixels; a product is faster than numpy's own sum."""
    weights = ink.astype(np.float64)
    height, width = ink.shape
    return weights @ _ONES[:width], _ONES[:height] @ weights


def _centre_of_mass(by_row: NDArray[np.float64], by_column: NDArray[np.float64]) -> tuple[float, float]:
    """Return row and column of the centre of mass, by the sums of each; pixel centres are at half-integers."""
    total = by_row @ _ONES[: len(by_row)]
    return float(by_row @ _MIDDLES[: len(by_row)] / total), float(by_column @ _MIDDLES[: len(by_column)] / total)
