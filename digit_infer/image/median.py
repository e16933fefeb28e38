"""Medians without ``np.median``, which imports numpy.ma at its first call: that takes longer than all the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def median(values: NDArray[np.generic]) -> float:
    """Return the upper median."""
    middle = values.size // 2
    return float(np.partition(values.ravel(), middle)[middle])


def median_by_counts(counts: NDArray[np.integer]) -> int:
    """Return the upper median of values of which each occurs so often."""
    up_to = np.cumsum(counts)
    return int(np.searchsorted(up_to, up_to[-1] // 2, side="right"))
