"""Takes the printed lines of lined or squared paper out of a picture, and leaves the strokes that cross them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Strength = NDArray[np.uint8]
    """uint8 [H, W]: by how many grey levels a pixel stands out from the ground"""

_COVERED = 0.8
"""A printed line runs through this share of the picture's width or more."""

_THICKEST = 0.03
"""It is thinner than this share of the picture's shorter side; the strokes of a digit that spans the picture are not."""

_RIM = 0.1
"""It has ink in this outer share of both sides: less than it may lack, since a line along the edge takes its ends away."""

_LEAST = 10
"""A line stands out by so many grey levels; what is fainter does no harm."""

_STEEPEST = 0.1
_STRIPS = 24
"""A line may slope by so much; it is followed through so many strips, in each of which it is level."""


def without_ruled_lines(strength: Strength, thickest: float = _THICKEST) -> Strength:
    """Return the picture without lines that cross it from side to side or from top to bottom, if there are any.

    ``thickest`` is the share of the shorter side that a line is thinner than.
    """
    across = without_lines_across(strength, thickest)
    return np.ascontiguousarray(without_lines_across(across.T, thickest).T)


def without_lines_across(strength: Strength, thickest: float = _THICKEST) -> Strength:
    """Return the picture without lines that cross it from side to side; ``thickest`` as above."""
    standing_out = strength >= _LEAST
    most = max(2, round(thickest * min(strength.shape)))
    if strength.shape[1] < _STRIPS or not _may_be_crossed(standing_out):
        return strength
    covered, offsets = _best_slope(standing_out)
    lines = _runs(covered, most)
    if not lines:
        return strength
    result = strength.copy()
    height, width = strength.shape
    columns = np.arange(width)
    for top, bottom in lines:
        first, last = top + offsets - 1, bottom + offsets + 1  # a pixel of soft edge on each side, by column
        level = _level(strength, first, last)
        over = strength[np.clip(first - 1, 0, height - 1), columns]
        under = strength[np.clip(last, 0, height - 1), columns]
        crossing = np.where((first > 0) & (last < height), np.minimum(over, under), 0)
        for row in range(bottom - top + 2):
            rows = first + row
            inside = (rows >= 0) & (rows < height)
            place = rows[inside], columns[inside]
            values = strength[place]
            own = np.where(values > 1.5 * level, values, 0)  # what is darker than the line alone
            result[place] = np.minimum(values, np.maximum(own, crossing[inside]))
    return result


def _may_be_crossed(mask: NDArray[np.bool_]) -> bool:
    """Tell whether something stands out near both sides, as a line does that crosses the picture."""
    rim = max(2, round(_RIM * mask.shape[1]))
    return bool(mask[:, :rim].any() and mask[:, -rim:].any())


def _best_slope(mask: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Return which rows lines cover if all lean by the slope that covers most, and the offset of rows by column."""
    height, width = mask.shape
    strips = np.array_split(np.arange(width), _STRIPS)
    grown = mask.copy()
    grown[1:] |= mask[:-1]
    by_strip = np.stack([grown[:, strip].mean(axis=1) for strip in strips], axis=1)
    middles = np.array([strip.mean() for strip in strips]) / width - 0.5
    most = round(_STEEPEST * width)
    best: tuple[float, NDArray[np.bool_], int] = (0.0, np.zeros(height, np.bool_), 0)
    for fall in sorted(range(-most, most + 1, 2), key=abs):
        rows = np.arange(height)[:, None] + np.rint(fall * middles).astype(np.intp)
        inside = (rows >= 0) & (rows < height)
        profile = (by_strip[np.clip(rows, 0, height - 1), np.arange(_STRIPS)] * inside).mean(axis=1)
        covered = profile >= _COVERED
        score = float(profile[covered].sum())
        if score > best[0]:
            best = score, covered, fall
    offsets = np.rint(best[2] * (np.arange(width) / width - 0.5)).astype(np.intp)
    return best[1], offsets


def _runs(covered: NDArray[np.bool_], thickest: int) -> list[tuple[int, int]]:
    """Return from where to where lines go, leaving out what is too thick for a line."""
    steps = np.diff(np.concatenate([[0], covered.astype(np.int8), [0]]))
    starts, stops = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
    return [(int(start), int(stop)) for start, stop in zip(starts, stops, strict=True) if stop - start <= thickest]


def _level(strength: Strength, first: NDArray[np.intp], last: NDArray[np.intp]) -> float:
    """Return by how much a line stands out: the median over its columns of the strongest of its pixels."""
    height, width = strength.shape
    columns = np.arange(width)
    strongest = np.zeros(width, np.uint8)
    for row in range(int((last - first).max())):
        np.maximum(strongest, strength[np.clip(first + row, 0, height - 1), columns], out=strongest)
    return float(np.partition(strongest, width // 2)[width // 2])
