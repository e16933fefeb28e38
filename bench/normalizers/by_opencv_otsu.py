"""OpenCV with a global threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from bench.normalizers.classified import classified
from bench.normalizers.opencv_steps import in_mnist_form, smoothed

if TYPE_CHECKING:
    from bench.normalizers.recipes import Answer
    from digit_infer.image.decode import Grey


def normalize(grey: Grey) -> Grey:
    """Keep what is darker than Otsu's threshold; edges keep their grey levels."""
    dark = smoothed(grey)
    _, mask = cv2.threshold(dark, 0, 255, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    strength = cv2.subtract(np.full_like(dark, int(np.median(dark[mask == 0])) if (mask == 0).any() else 255), dark)
    return in_mnist_form(cv2.bitwise_and(strength, mask))


def opened(model: str) -> Answer:
    """Return the function that maps a picture's file to its digit."""
    return classified(normalize, model)
