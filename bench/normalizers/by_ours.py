"""Ours: numpy and Pillow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from digit_infer.contract import SIDE
from digit_infer.errors import BlankPictureError
from digit_infer.image import normalize as normalized
from digit_infer.image.components import components
from digit_infer.image.ground import closed_ground
from digit_infer.image.median_filter import median_3x3

if TYPE_CHECKING:
    from digit_infer.image.decode import Grey


def normalize(grey: Grey) -> Grey:
    """Bring a grey picture into MNIST's form."""
    try:
        return normalized(grey).image
    except BlankPictureError:
        return np.zeros((SIDE, SIDE), np.uint8)


def _closed(grey: Grey) -> object:
    return closed_ground(grey, 31)


def _pieces(grey: Grey) -> object:
    found = components(grey < 128)
    return found.boxes, found.areas


STEPS = {"median, 3 × 3": median_3x3, "closing, 31 × 31": _closed, "pieces, boxes and areas": _pieces}
