"""Bright paper on a dark table: what is written on it is the ink, and not the paper itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFilter

from digit_infer.image.box import Box, box_of
from digit_infer.image.components import components
from digit_infer.image.otsu import otsu

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.image.decode import Grey

_SOFT_EDGE = 0.01
"""The edge of the paper is so wide, as a share of the picture's shorter side."""

_PLACES = 5_000
_MOST_TILTED = 20
"""Paper lies at so many degrees at most, which this many of its pixels tell."""

_OUTSIDE = 0.12
_SIDE = 0.3
_FILLED = 0.7
_RIMS = (0.06, 0.12, 0.18)
_RIM_CLEAR = 0.95
_RIM_BRIGHT = 0.75
_WRITTEN = (0.005, 0.4)
_CONTRAST = 24
"""Paper may make up so much of the border, spans this share of the picture's sides and is bright in so much of its box. Its
edge takes the first of these shares of its shorter side behind which so much is bright, or the best of them, if a digit
runs over the edge. Of the rest, so much is ink, by so many grey levels."""


def paper_on_table(grey: Grey) -> Box | None:
    """Return where bright paper lies on a dark table, if that is what the picture shows, without the paper's edge."""
    paper = _bright_paper(grey)
    if paper is None:
        return None
    bright, box = paper
    width, height = box.right - box.left, box.bottom - box.top
    best, inner = 0.0, box
    for share in _RIMS:
        rim = max(1, round(share * min(width, height)))
        within = Box(box.left + rim, box.top + rim, box.right - rim, box.bottom - rim)
        seen = bright[within.top : within.bottom, within.left : within.right]
        if not seen.size:
            break
        clear = float(np.concatenate([seen[0], seen[-1], seen[:, 0], seen[:, -1]]).mean())
        if clear > best:
            best, inner = clear, within
        if clear >= _RIM_CLEAR:
            break
    return (
        inner if best >= _RIM_BRIGHT and _is_written_on(grey[inner.top : inner.bottom, inner.left : inner.right]) else None
    )


def _is_written_on(paper: Grey) -> bool:
    """Tell whether something darker stands out from paper, and little of it."""
    if paper.min() == paper.max():
        return False
    dark = paper <= otsu(np.array(Image.fromarray(paper).histogram()))
    share = np.count_nonzero(dark) / dark.size
    if not _WRITTEN[0] <= share <= _WRITTEN[1]:
        return False
    return float(np.median(paper[~dark])) - float(np.median(paper[dark])) >= _CONTRAST


def without_table(grey: Grey) -> Grey:
    """Return the picture with the table around bright paper painted as bright as the paper, where there is such a table.

    The table is what is dark and hangs together with the picture's edge, so paper may lie at any angle.
    """
    paper = _bright_paper(grey)
    if paper is None:
        return grey
    bright, _ = paper
    dark = components(~bright)
    boxes, (height, width) = dark.boxes, grey.shape
    at_edge = (boxes[:, :2] == 0).any(axis=1) | (boxes[:, 2] == width) | (boxes[:, 3] == height)
    soft = 2 * max(1, round(_SOFT_EDGE * min(grey.shape))) + 1
    table = np.asarray(Image.fromarray(dark.painted(at_edge)).convert("L").filter(ImageFilter.MaxFilter(soft))) > 0
    return np.where(table, np.uint8(np.median(grey[bright])), grey)


def _bright_paper(grey: Grey) -> tuple[NDArray[np.bool_], Box] | None:
    """Return what is bright, and the box of it, if that is paper within a dark border."""
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
    if min(sides) < _SIDE or np.count_nonzero(bright) < _FILLED * _least_area(bright):
        return None
    return bright, box


def _least_area(bright: NDArray[np.bool_]) -> float:
    """Return the area of the smallest box around what is bright, at any of some angles."""
    down, across = np.nonzero(bright)
    places = np.stack([across, down])[:, :: max(1, len(down) // _PLACES)]
    angles = np.deg2rad(np.arange(-_MOST_TILTED, _MOST_TILTED + 1, 2.5))
    sides = [np.ptp(axis @ places, axis=-1) for axis in (
        np.stack([np.cos(angles), np.sin(angles)], axis=1), np.stack([-np.sin(angles), np.cos(angles)], axis=1)
    )]  # fmt: skip
    return float(((sides[0] + 1) * (sides[1] + 1)).min())
