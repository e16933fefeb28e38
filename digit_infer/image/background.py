"""The bare background of a picture as a plane of grey, since light often comes from one side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.image.decode import Grey

_FITS = 3
_FAR_DEVIATIONS = 2.5
_NEAR_GREYS = 6.0
"""How often the plane is fitted. After each fit, border pixels are left out that lie more than ``_FAR_DEVIATIONS`` standard
deviations and more than ``_NEAR_GREYS`` grey levels off it."""


@dataclass(frozen=True)
class Plane:
    """A grey level at the middle of a picture, and by how much it rises from the first row and column to the last."""

    level: float
    down: float
    across: float

    @property
    def is_level(self) -> bool:
        """Whether it is one grey everywhere."""
        return not (self.down or self.across)

    def at(self, rows: NDArray[np.float32], columns: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the grey at places from -0.5, the first row or column, to 0.5, the last: float32 [H, W]."""
        plane: NDArray[np.float32] = (self.level + self.down * rows)[:, None] + self.across * columns
        return plane


def places(size: int) -> NDArray[np.float32]:
    """Return the places of so many rows or columns, as ``Plane.at`` takes them."""
    return np.linspace(-0.5, 0.5, size, dtype=np.float32)


def border_plane(grey: Grey) -> Plane:
    """Fit a plane to a picture's border by least squares, again and again without what lies far from it.

    So a stroke or a shadow that reaches the border does not tilt it. A border of one grey is a level plane at once.
    """
    height, width = grey.shape
    values = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    if values.max() - values.min() <= _NEAR_GREYS:
        return Plane(float(_median(values)), 0.0, 0.0)
    rows, columns = places(height), places(width)
    half = np.full(width, 0.5, np.float32), np.full(height, 0.5, np.float32)
    terms = np.stack(
        [
            np.ones(len(values), np.float32),
            np.concatenate([-half[0], half[0], rows, rows]),
            np.concatenate([columns, columns, -half[1], half[1]]),
        ]
    )
    greys = values.astype(np.float32)
    found = np.array([_median(values), 0, 0], np.float32)
    before = None
    for _ in range(_FITS):
        error = np.abs(greys - found @ terms)
        near = error <= max(_NEAR_GREYS, _FAR_DEVIATIONS * 1.4826 * _median(error))
        if 2 * np.count_nonzero(near) < len(near) or (before is not None and np.array_equal(near, before)):
            break
        kept, before = terms[:, near], near
        try:
            found = np.linalg.solve(kept @ kept.T, kept @ greys[near])
        except np.linalg.LinAlgError:  # what is left lies on one line
            break
    return Plane(*(float(number) for number in found))


def _median(values: NDArray[np.generic]) -> float:
    """Return the upper median; ``np.median`` imports numpy.ma, which takes longer than all the rest."""
    middle = values.size // 2
    return float(np.partition(values, middle)[middle])
