"""Handwritten digits as the path of a pen: thinned to one pixel and smoothed, to be redrawn with any pen.

Thinning is by T. Y. Zhang and C. Y. Suen, A fast parallel algorithm for thinning digital patterns, Communications of the
ACM 27, 1984, for many images at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Images = NDArray[np.uint8]
    """uint8 [N, 28, 28]"""

    Masks = NDArray[np.bool_]
    """bool [N, S, S]"""

    Points = NDArray[np.float64]
    """float64 [P, 2]: x and y"""

_ENLARGED = 3
"""Images are enlarged this many times before thinning, so that the path has finer steps than their pixels."""

_INK = 110
"""The grey level, 0 to 255, from which a pixel of an enlarged image is ink."""

_SMOOTHINGS = 3


@dataclass(frozen=True, eq=False)
class Skeleton:
    """A path: ``points`` float64 [P, 2] (x, y in 0..1 of the image's side), and ``edges`` intp [E, 2] between them."""

    points: Points
    edges: NDArray[np.intp]


def skeletons(images: Images) -> list[Skeleton]:
    """Return the path of each image uint8 [N, 28, 28] that has ink."""
    side = images.shape[1] * _ENLARGED
    large = np.stack(
        [np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC)) for image in images]
    )
    return [_path(mask) for mask in thinned(large > _INK) if mask.any()]


def thinned(masks: Masks) -> Masks:
    """Thin bool [N, S, S] until strokes are one pixel wide."""
    masks = np.pad(masks, ((0, 0), (1, 1), (1, 1)))
    active = np.arange(len(masks))
    while len(active):
        before = masks[active]
        now = before
        for first in (True, False):
            now = now & ~_removable(now, first=first)
        masks[active] = now
        active = active[(now != before).any(axis=(1, 2))]
    return masks[:, 1:-1, 1:-1]


def _removable(masks: Masks, *, first: bool) -> Masks:
    """Return the pixels that one half of a pass removes."""
    around = [
        np.roll(masks, shift, (1, 2)) for shift in ((1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1))
    ]
    north, _, east, _, south, _, west, _ = around
    neighbours = np.sum(around, axis=0, dtype=np.uint8)
    rises = np.sum(
        [~here & there for here, there in zip(around, [*around[1:], north], strict=True)], axis=0, dtype=np.uint8
    )
    if first:
        open_side = ~(north & east & south) & ~(east & south & west)
    else:
        open_side = ~(north & east & west) & ~(north & south & west)
    removable: Masks = masks & (neighbours >= 2) & (neighbours <= 6) & (rises == 1) & open_side
    return removable


def _path(mask: NDArray[np.bool_]) -> Skeleton:
    """Return the pixels of a thin mask as smoothed points with edges to their neighbours."""
    rows, columns = np.nonzero(mask)
    numbers = np.full(np.add(mask.shape, 2), -1, np.intp)
    numbers[rows + 1, columns + 1] = np.arange(len(rows))
    pairs = []
    for down, right in ((0, 1), (1, -1), (1, 0), (1, 1)):
        other = numbers[rows + 1 + down, columns + 1 + right]
        found = other >= 0
        if down and right:  # a diagonal step, unless two straight ones lead there
            found &= (numbers[rows + 1 + down, columns + 1] < 0) & (numbers[rows + 1, columns + 1 + right] < 0)
        pairs.append(np.stack([np.flatnonzero(found), other[found]], axis=1))
    edges = np.concatenate(pairs)
    points = np.stack([columns, rows], axis=1) + 0.5
    counts = np.bincount(edges.ravel(), minlength=len(points))
    inner = counts >= 2
    for _ in range(_SMOOTHINGS):
        sums = np.zeros_like(points)
        np.add.at(sums, edges[:, 0], points[edges[:, 1]])
        np.add.at(sums, edges[:, 1], points[edges[:, 0]])
        points = np.where(inner[:, None], (points + sums / np.maximum(counts, 1)[:, None]) / 2, points)
    return Skeleton(points / mask.shape[0], edges)
