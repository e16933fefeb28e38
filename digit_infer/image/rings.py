"""Circles that are drawn around digits, as around an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from digit_infer.image.components import Boxes, Mask

_COVERED = 0.95
_SECTORS = 48
"""Of so many directions, as seen from the middle of its box, a ring has ink in this share."""

_THICKEST = 0.075
_ROUND = 0.8
"""Its line is thinner than the first share of its size, and its shorter side has the second share of the longer: zeros with
a stroke through them are drawn with a broader pen for their size, and most are narrower."""

_HOLDS = 0.4
"""What lies within takes this share of its height or its width, all together."""


def holds_enough(boxes: Boxes, number: int, within: Mask) -> bool:
    """Tell whether what lies within a piece's box, [K] of ``boxes``, is as large as what people draw a circle around."""
    if not within.any():
        return False
    left, top, right, bottom = boxes[number]
    inner = boxes[within]
    wide, high = inner[:, 2].max() - inner[:, 0].min(), inner[:, 3].max() - inner[:, 1].min()
    return bool(max(wide / (right - left), high / (bottom - top)) >= _HOLDS)


def is_ring(own: Mask) -> bool:
    """Tell whether a piece, bool [H, W] within its box, is a thin round line about its middle."""
    height, width = own.shape
    if min(height, width) < _ROUND * max(height, width):
        return False
    around = np.pi * (height + width) / 2
    if np.count_nonzero(own) > _THICKEST * max(height, width) * around:
        return False
    rows, columns = np.nonzero(own)
    angles = np.arctan2((rows + 0.5) / height - 0.5, (columns + 0.5) / width - 0.5)
    sectors = ((angles / (2 * np.pi) + 0.5) * _SECTORS).astype(np.intp) % _SECTORS
    return len(np.unique(sectors)) >= _COVERED * _SECTORS
