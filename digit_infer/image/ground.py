"""The grey of the bare ground at each pixel of a picture: what ink stands out from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from digit_infer.image.median import median

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.image.decode import Grey

_BORDER_SHARE = 0.04
_FITS = 4
_FAR_DEVIATIONS = 2.5
"""The border is this share of the shorter side; it is fitted this often, without what lies this many deviations off."""

_NEAR_GREYS = 6.0
"""So many grey levels are near in any case."""


def plane_ground(grey: Grey) -> NDArray[np.float32]:
    """Return the grey of the bare ground at each pixel, float32 [H, W]: a plane, since light often comes from one side.

    It is fitted by least squares to the picture's border, again and again without what lies far from it, so that a stroke
    or a shadow that reaches the border does not tilt it.
    """
    height, width = grey.shape
    rows, columns = np.linspace(-1, 1, height, dtype=np.float32), np.linspace(-1, 1, width, dtype=np.float32)
    at_row, at_column = np.broadcast_arrays(rows[:, None], columns[None, :])
    rim = max(1, round(min(grey.shape) * _BORDER_SHARE))
    strips = (np.s_[:rim], np.s_[-rim:], np.s_[rim:-rim, :rim], np.s_[rim:-rim, -rim:])
    values, *place = (
        np.concatenate([whole[strip].ravel() for strip in strips]).astype(np.float32) for whole in (grey, at_row, at_column)
    )
    terms = np.stack([np.ones_like(values), *place], axis=1)
    plane = np.array([median(values), 0, 0], np.float32)
    before = np.zeros(len(values), bool)
    for _ in range(_FITS):
        error = np.abs(values - terms @ plane)
        near = error <= tolerance(error)
        if 2 * np.count_nonzero(near) < len(near) or np.array_equal(near, before):  # the same again gives the same plane
            break
        kept, before = np.flatnonzero(near), near
        plane = least_squares(terms[kept], values[kept])
    level: NDArray[np.float32] = plane[0] + plane[1] * rows[:, None] + plane[2] * columns[None, :]
    return level


def tolerance(errors: NDArray[np.float32]) -> float:
    """Return by how many grey levels what belongs to a ground may lie off it, where its errors are those."""
    return max(_NEAR_GREYS, _FAR_DEVIATIONS * 1.4826 * median(errors))


def least_squares(terms: NDArray[np.float32], values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what the terms [N, T] are to be multiplied with to come to the values [N], float32 [T]."""
    found: NDArray[np.float32] = np.linalg.lstsq(terms.T @ terms, terms.T @ values, rcond=None)[0]
    return found


def standing_out(difference: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return by how much each pixel differs from the ground, 0 or more, on the side, darker or lighter, where more does."""
    darker, lighter = np.negative(difference), np.maximum(difference, 0)
    np.maximum(darker, 0, out=darker)
    return darker if np.vdot(darker, darker) >= np.vdot(lighter, lighter) else lighter


def closed_ground(grey: Grey, window: int) -> Grey:
    """Return the grey of a ground that may change suddenly, as at the edge of a shadow or of the paper: uint8 [H, W].

    It is a closing (J. Serra, Image Analysis and Mathematical Morphology, 1982) by a square: what is dark and narrower than
    ``window`` is filled up, and a step from one grey to another stays where it is.
    """
    return _extreme(dilated(grey, window), window, np.minimum, 255)


def dilated(grey: Grey, window: int) -> Grey:
    """Return the largest value in a square of this side, made odd, about each pixel: uint8 [H, W] -> the same."""
    return _extreme(grey, window, np.maximum, 0)


def _extreme(grey: Grey, window: int, best: np.ufunc, beyond: int) -> Grey:
    """Return the largest or smallest value in a square about each pixel; its side is ``window``, made odd.

    The reach of a running extreme doubles with each step, so a large window takes a few steps only.
    """
    reach = window // 2
    for axis in (0, 1):
        pad = [(0, 0), (0, 0)]
        pad[axis] = (reach, reach)
        running, length = np.pad(grey, pad, constant_values=beyond), 1
        while length < 2 * reach + 1:
            step = min(length, 2 * reach + 1 - length)
            size = running.shape[axis] - step
            running = best(running.take(range(size), axis), running.take(range(step, size + step), axis))
            length += step
        grey = running
    return grey
