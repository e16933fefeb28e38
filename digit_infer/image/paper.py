"""Bright paper on a dark table: what is written on it is the ink, and not the paper itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from digit_infer.image.box import Box, box_of
from digit_infer.image.otsu import otsu

if TYPE_CHECKING:
    from digit_infer.image.decode import Grey

_OUTSIDE = 0.12
_SIDE = 0.3
_FILLED = 0.7
_RIMS = (0.06, 0.12, 0.18)
_RIM_BRIGHT = 0.95
_WRITTEN = (0.01, 0.35)
"""Paper may make up so much of the border, spans this share of the picture's sides and is bright in so much of its box. Its
edge takes the first of these shares of its shorter side behind which so much is bright; of the rest, so much is ink."""


def paper_on_table(grey: Grey) -> Box | None:
    """Return where bright paper lies on a dark table, if that is what the picture shows, without the paper's edge."""
    if grey.min() == grey.max():
        return None
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    threshold = otsu(np.array(Image.fromarray(grey).histogram()))
    bright = grey > threshold
    if np.count_nonzero(border > threshold) > _OUTSIDE * len(border) or not bright.any():
        return None
    box = box_of(bright.view(np.uint8))
    width, height = box.right - box.left, box.bottom - box.top
    sides = width / grey.shape[1], height / grey.shape[0]
    if min(sides) < _SIDE or np.count_nonzero(bright) < _FILLED * width * height:
        return None
    for share in _RIMS:
        rim = max(1, round(share * min(width, height)))
        inner = Box(box.left + rim, box.top + rim, box.right - rim, box.bottom - rim)
        seen = bright[inner.top : inner.bottom, inner.left : inner.right]
        if not seen.size:
            return None
        rims = np.concatenate([seen[0], seen[-1], seen[:, 0], seen[:, -1]])
        if np.count_nonzero(rims) >= _RIM_BRIGHT * len(rims):
            written = 1 - np.count_nonzero(seen) / seen.size
            return inner if _WRITTEN[0] <= written <= _WRITTEN[1] else None
    return None
