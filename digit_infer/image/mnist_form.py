"""One grey picture -> one 28 x 28 image in MNIST's own form.

MNIST's digits were scaled by area, keeping their proportions, into a box of 20 x 20, and that box was put into 28 x 28
with its centre of mass in the middle, by a whole number of pixels (LeCun et al., Gradient-based learning applied to
document recognition, 1998, section III.A; facebookresearch/qmnist documents the procedure). The same is done here, after
ink and background have been told apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from digit_infer.contract import SIDE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.image.decode import Grey

BOX = 20
"""The largest side of the ink in MNIST's form, in pixels; it is 20 in 9,997 of the 10,000 test images, 19 in the others."""

CENTRE = 14.5
"""Where MNIST's centres of mass lie, in pixels from the edge: over the 10,000 test images, evenly between 14 and 15."""

_MIDDLES = np.arange(SIDE) + 0.5


def is_mnist_form(grey: Grey) -> bool:
    """Tell whether a picture is in MNIST's own form already, give or take a pixel."""
    if grey.shape != (SIDE, SIDE) or not grey.any():
        return False
    box = box_of(grey)
    return max(box.width, box.height) in (BOX - 1, BOX) and all(abs(mass - CENTRE) <= 1 for mass in _centre_of_mass(grey))


@dataclass(frozen=True)
class Box:
    """Where something is, in pixels of the grey picture; right and bottom lie outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Pixels from left to right."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Pixels from top to bottom."""
        return self.bottom - self.top

    def encloses(self, other: Box) -> bool:
        """Tell whether another lies within, without touching the sides."""
        return self.left < other.left and self.top < other.top and other.right < self.right and other.bottom < self.bottom

    def has_middle_of(self, other: Box) -> bool:
        """Tell whether the middle of another lies within."""
        across, down = other.left + other.right, other.top + other.bottom
        return 2 * self.left <= across <= 2 * self.right and 2 * self.top <= down <= 2 * self.bottom


def box_of(ink: NDArray[np.uint8]) -> Box:
    """Return the smallest box that holds all that is not 0 in a picture that is not empty."""
    rows, columns = np.maximum.reduce(ink, axis=1) > 0, np.maximum.reduce(ink, axis=0) > 0
    height, width = ink.shape
    return Box(
        int(columns.argmax()), int(rows.argmax()), width - int(columns[::-1].argmax()), height - int(rows[::-1].argmax())
    )


def in_mnist_form(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Bring the ink of a digit, cropped to its box, into MNIST's form: uint8 [h, w] -> uint8 [28, 28]."""
    return centred(fitted(ink))


def fitted(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Scale ink, keeping its proportions, into 20 x 20 by area, and bring its darkest pixel to 255."""
    height, width = ink.shape
    scale = BOX / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    resampling = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    small = np.asarray(Image.fromarray(ink).resize(size, resampling))
    darkest = max(int(small.max()), 1)
    return small if darkest == 255 else np.rint(small.astype(np.float32) * (255 / darkest)).astype(np.uint8)


def centred(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Put ink of at most 20 x 20 into 28 x 28 with its centre of mass in the middle, as far as the frame allows."""
    image = np.zeros((SIDE, SIDE), np.uint8)
    height, width = ink.shape
    row, column = _centre_of_mass(ink)
    top = min(max(round(CENTRE - row), 0), SIDE - height)
    left = min(max(round(CENTRE - column), 0), SIDE - width)
    image[top : top + height, left : left + width] = ink
    return image


def _centre_of_mass(ink: NDArray[np.uint8]) -> tuple[float, float]:
    """Return row and column of the centre of mass of at most 28 x 28 pixels, pixel centres at half numbers."""
    by_row, by_column = np.add.reduce(ink, axis=1, dtype=np.float64), np.add.reduce(ink, axis=0, dtype=np.float64)
    total = np.add.reduce(by_row)
    return float(by_row @ _MIDDLES[: len(by_row)] / total), float(by_column @ _MIDDLES[: len(by_column)] / total)
