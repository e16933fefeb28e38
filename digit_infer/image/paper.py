"""Bright paper on a dark table: what is written on it is the ink, and not the paper itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from digit_infer.image.box import Box, box_of
from digit_infer.image.components import components
from digit_infer.image.ground import dilated
from digit_infer.image.otsu import otsu

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.image.decode import Grey

_SOFT_EDGE = 0.01
"""The edge of the paper is so wide, as a share of the picture's shorter side."""

_MOST_TILTED = 20
"""Paper lies at so many degrees at most."""

_OUTSIDE = 0.12
_SIDE = 0.3
_FILLED = 0.7
_RIMS = (0.06, 0.12, 0.18)
_RIM_BRIGHT = 0.95
_WRITTEN = (0.005, 0.4)
_CONTRAST = 24
"""Paper may make up so much of the border, spans this share of the picture's sides and is bright in so much of its box. Its
edge takes the first of these shares of its shorter side behind which so much is bright. Of the rest, so much is ink, by so
many grey levels."""


def paper_on_table(grey: Grey) -> Box | None:
    """Return where bright paper lies on a dark table, if that is what the picture shows, without the paper's edge."""
    paper = _bright_paper(grey)
    if paper is None:
        return None
    bright, box = paper
    width, height = box.right - box.left, box.bottom - box.top
    for share in _RIMS:
        rim = max(1, round(share * min(width, height)))
        inner = Box(box.left + rim, box.top + rim, box.right - rim, box.bottom - rim)
        rows, columns = slice(inner.top, inner.bottom), slice(inner.left, inner.right)
        seen = bright[rows, columns]
        if not seen.size:
            return None
        rims = np.concatenate([seen[0], seen[-1], seen[:, 0], seen[:, -1]])
        if np.count_nonzero(rims) >= _RIM_BRIGHT * len(rims):
            return inner if _is_written_on(grey[rows, columns]) else None
    return None


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
    at_edge = dark.at_edge
    if at_edge.all():  # nothing is written on it: a bright stroke on a dark ground is no paper
        return grey
    soft = 2 * max(1, round(_SOFT_EDGE * min(grey.shape))) + 1
    table = dilated(dark.painted(at_edge).view(np.uint8), soft) > 0
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
    rows = np.flatnonzero(bright.any(axis=1))
    firsts = bright[rows].argmax(axis=1)
    lasts = bright.shape[1] - 1 - bright[rows, ::-1].argmax(axis=1)
    places = np.stack([np.concatenate([firsts, lasts]), np.concatenate([rows, rows])])
    angles = np.deg2rad(np.arange(-_MOST_TILTED, _MOST_TILTED + 1, 2.5))
    along = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    across = np.stack([-np.sin(angles), np.cos(angles)], axis=1)
    return float(((np.ptp(along @ places, axis=1) + 1) * (np.ptp(across @ places, axis=1) + 1)).min())
