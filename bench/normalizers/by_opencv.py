"""OpenCV with a global or an adaptive threshold: the digit's ink in MNIST's form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    from digit_infer.image.grey import Grey

_BELOW = 15
"""Ink is darker than its surroundings by so many grey levels. The best of 5 to 25 on drawn pictures."""

_SMALL = 84
"""Smaller pictures are not smoothed: a stroke may be one pixel wide."""

_SPECK = 0.05


def otsu(grey: Grey) -> Grey:
    """Keep what is darker than Otsu's threshold; edges keep their grey levels."""
    dark = _smoothed(grey)
    _, mask = cv2.threshold(dark, 0, 255, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    strength = cv2.subtract(np.full_like(dark, int(np.median(dark[mask == 0])) if (mask == 0).any() else 255), dark)
    return _in_mnist_form(cv2.bitwise_and(strength, mask))


def adaptive(grey: Grey) -> Grey:
    """Threshold against the mean of a window of half the picture; small pictures use Otsu's threshold."""
    if min(grey.shape) <= _SMALL:
        return otsu(grey)
    dark = _smoothed(grey)
    window = min(dark.shape) // 2 | 1
    mask = cv2.adaptiveThreshold(dark, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, window, _BELOW)
    return _in_mnist_form(mask)


def _smoothed(grey: Grey) -> Grey:
    """Remove specks, and make ink dark: ink is on the side of the local mean that differs more strongly."""
    smooth: Any = cv2.medianBlur(grey, 3) if min(grey.shape) > _SMALL else grey
    window = min(grey.shape) // 2 | 1
    difference = smooth.astype(np.float32) - cv2.blur(smooth, (window, window))
    dark: Grey = smooth if (difference**3).sum() <= 0 else cv2.bitwise_not(smooth)
    return dark


def _in_mnist_form(ink: Grey) -> Grey:
    """Keep the largest component and those not much smaller, and centre them by mass in 28 x 28."""
    image = np.zeros((28, 28), np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats((ink > 0).astype(np.uint8), connectivity=8)
    if count < 2:
        return image
    areas = stats[1:, cv2.CC_STAT_AREA].astype(float)
    left, top = stats[1:, cv2.CC_STAT_LEFT], stats[1:, cv2.CC_STAT_TOP]
    right, bottom = left + stats[1:, cv2.CC_STAT_WIDTH], top + stats[1:, cv2.CC_STAT_HEIGHT]
    at_edge = (left == 0) | (top == 0) | (right == ink.shape[1]) | (bottom == ink.shape[0])
    main = int(np.where(at_edge, areas * 0.2, areas).argmax())
    kept = (areas >= _SPECK * areas[main]) & (~at_edge | at_edge[main])
    kept[main] = True
    ink = np.where(np.concatenate([[False], kept])[labels], ink, 0).astype(np.uint8)
    x, y, width, height = cv2.boundingRect((ink > 0).astype(np.uint8))
    scale = 20 / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(
        ink[y : y + height, x : x + width], size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    )
    moments = cv2.moments(small)
    row = round(14 - moments["m01"] / max(moments["m00"], 1))
    column = round(14 - moments["m10"] / max(moments["m00"], 1))
    row, column = min(max(row, 0), 28 - size[1]), min(max(column, 0), 28 - size[0])
    image[row : row + size[1], column : column + size[0]] = cv2.normalize(small, None, 0, 255, cv2.NORM_MINMAX)
    return image
