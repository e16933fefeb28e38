"""The threshold between two kinds of pixels: N. Otsu, IEEE Transactions on Systems, Man and Cybernetics 9, 1979."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def otsu(counts: NDArray[np.integer]) -> int:
    """Return the threshold that separates the values at or below it from those above it best.

    ``counts`` [256] says how often each value occurs.
    """
    below = np.cumsum(counts, dtype=np.float64)
    above = below[-1] - below
    sums = np.cumsum(counts * np.arange(256.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = sums / below - (sums[-1] - sums) / above
        separation = below * above * gap * gap
    return int(np.nanargmax(separation[:-1]))
