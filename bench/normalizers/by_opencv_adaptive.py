"""OpenCV with an adaptive threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2

from bench.normalizers.by_opencv_otsu import normalize as by_otsu
from bench.normalizers.classified import classified
from bench.normalizers.opencv_steps import SMALL, in_mnist_form, smoothed

if TYPE_CHECKING:
    from bench.normalizers.recipes import Answer
    from digit_infer.image.decode import Grey

_BELOW = 15
"""Ink is darker than its surroundings by so many grey levels. The best of 5 to 25 on drawn pictures."""


def normalize(grey: Grey) -> Grey:
    """Threshold against the mean of a window of half the picture; small pictures use Otsu's threshold."""
    if min(grey.shape) <= SMALL:
        return by_otsu(grey)
    dark = smoothed(grey)
    window = min(dark.shape) // 2 | 1
    mask = cv2.adaptiveThreshold(dark, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, window, _BELOW)
    return in_mnist_form(mask)


def opened(model: str) -> Answer:
    """Return the function that maps a picture's file to its digit."""
    return classified(normalize, model)
