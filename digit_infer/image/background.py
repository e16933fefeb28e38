"""The bare background of a picture as a plane of grey, since light often comes from one side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.image.decode import Grey

_FAR_DEVIATIONS = 2.5
_NEAR_GREYS = 6.0
"""Border pixels are left out that lie more than so many standard deviations, and more than so many grey levels, off the
median."""


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
    """Fit a plane to a picture's border by least squares, without what lies far from its median.

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
    level = _median(values)
    error = np.abs(greys - np.float32(level))
    near = error <= max(_NEAR_GREYS, _FAR_DEVIATIONS * 1.4826 * _median(error))
    kept = terms[:, near]
    try:
        return Plane(*np.linalg.solve(kept @ kept.T, kept @ greys[near]).tolist())
    except np.linalg.LinAlgError:  # what is left lies on one line
        return Plane(level, 0.0, 0.0)


def _median(values: NDArray[np.generic]) -> float:
    """Return the upper median; ``np.median`` imports numpy.ma, which takes longer than all the rest."""
    middle = values.size // 2
    return float(np.partition(values, middle)[middle])
