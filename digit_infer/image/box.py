"""Where something lies on a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Box:
    """Where something is, in pixels of the grey picture; right and bottom lie outside."""

    left: int
    top: int
    right: int
    bottom: int

    def has_middle_of(self, other: Box) -> bool:
        """Tell whether the middle of another lies within."""
        across, down = other.left + other.right, other.top + other.bottom
        return 2 * self.left <= across <= 2 * self.right and 2 * self.top <= down <= 2 * self.bottom


def box_of(ink: NDArray[np.uint8]) -> Box:
    """Return the smallest box that holds all that is not 0 in a picture that is not empty."""
    rows, columns = np.maximum.reduce(ink, axis=1) > 0, np.maximum.reduce(ink, axis=0) > 0
    height, width = ink.shape
    return Box(
        int(columns.argmax()), int(rows.argmax()), width - int(columns[::-1].argmax()), height - int(rows[::-1].argmax())
    )
