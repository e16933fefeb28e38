"""The grey of a ground that is brightest in its middle, as under a lamp or behind a lens that darkens the corners."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from digit_infer.image.ground import least_squares, plane_ground, tolerance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.image.decode import Grey

    Level = NDArray[np.float32]
    """float32 [H, W], in grey levels"""

    Terms = NDArray[np.float32]
    """[N, 6]: 1, y, x, y², xy, x² of each place; y and x lie in -1..1"""

    Values = NDArray[np.float32]
    """[N]: the grey of each place, or [6]: a surface"""

_SAMPLES = 32
"""The surface is fitted to so many rows and columns of the picture."""

_FITS = 6
"""It is fitted this often again, without what lies far off."""

BARE_GREYS = 12.0
"""What lies within so many grey levels of a ground is bare."""

_BARE = 0.6
_MORE_BARE = 0.2
"""A bent surface is the ground if so much of the picture is bare, and by so much more than with a plane. Under light
from the middle it is 0.7 more, on flat pictures 0; with the edge of a shadow up to 0.4."""


def bare_ground(grey: Grey) -> Level:
    """Return the grey of the bare ground at each pixel: a plane, or where it fits far better, a surface of second degree.

    The plane follows the picture's border (``plane_ground``), which is not enough for light that falls from the middle to
    all sides. The other surface is fitted by least squares to the whole picture, again and again without what lies far
    from it; ink is little of it.
    """
    plane = plane_ground(grey)
    rows, columns = (np.linspace(0, size - 1, min(size, _SAMPLES)).round().astype(np.intp) for size in grey.shape)
    some = np.ix_(rows, columns)
    values = grey[some].astype(np.float32).ravel()
    bare_on_plane = _bare(values, plane[some].ravel())
    if bare_on_plane > 1 - _MORE_BARE:
        return plane
    terms = _terms(grey.shape, rows, columns)
    surface = _fitted(terms, values)
    if _bare(values, terms @ surface) < max(_BARE, bare_on_plane + _MORE_BARE):
        return plane
    return _level(grey.shape, surface)


def _terms(shape: tuple[int, ...], rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Terms:
    y, x = np.meshgrid(
        *(np.linspace(-1, 1, size)[at] for size, at in zip(shape, (rows, columns), strict=True)), indexing="ij"
    )
    return np.stack([each.ravel() for each in (np.ones_like(y), y, x, y * y, x * y, x * x)], axis=1).astype(np.float32)


def _fitted(terms: Terms, values: Values) -> Values:
    """Return the surface near which most values lie, of three: that of all, and those of what is brighter or darker."""
    brighter = values > terms @ least_squares(terms, values)
    starts = (np.ones(len(values), np.bool_), brighter, ~brighter)
    found = [_settled(terms, values, kept) for kept in starts if kept.any()]
    return max(found, key=lambda surface: _bare(values, terms @ surface))


def _settled(terms: Terms, values: Values, kept: NDArray[np.bool_]) -> Values:
    """Fit a surface again and again to what lies near it, at first to what is ``kept``."""
    surface = least_squares(terms[kept], values[kept])
    for _ in range(_FITS):
        error = np.abs(values - terms @ surface)
        near = error <= tolerance(error[kept])
        if np.array_equal(near, kept):
            break
        surface, kept = least_squares(terms[near], values[near]), near
    return surface


def _bare(values: Values, level: Values) -> float:
    return float((np.abs(values - level) <= BARE_GREYS).mean())


def _level(shape: tuple[int, ...], surface: Values) -> Level:
    y, x = (np.linspace(-1, 1, size, dtype=np.float32) for size in shape)
    one, by_y, by_x, by_yy, by_xy, by_xx = surface
    level: Level = (one + by_y * y + by_yy * y * y)[:, None] + (by_x * x + by_xx * x * x) + by_xy * y[:, None] * x
    return level
