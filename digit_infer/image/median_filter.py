"""The 3 x 3 median of a grey picture: ``PIL.ImageFilter.MedianFilter(3)`` to the byte, in a fraction of its time.

Each column of three is sorted; the median of nine is then the median of the largest of the smallest, the median of the
middle ones and the smallest of the largest (J. L. Smith, Implementing Median Filters in XC4000E FPGAs, Xcell 23, 1996).
All of it is minima and maxima of whole pictures, which numpy computes 64 bytes at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from digit_infer.image.decode import Grey


def median_3x3(grey: Grey) -> Grey:
    """Return the median of each pixel and its eight neighbours: uint8 [H, W]; beyond the edge the edge goes on."""
    height, width = grey.shape
    wide = np.empty((height + 2, width + 2), np.uint8)
    wide[1:-1, 1:-1] = grey
    wide[0, 1:-1], wide[-1, 1:-1] = grey[0], grey[-1]
    wide[:, 0], wide[:, -1] = wide[:, 1], wide[:, -2]
    low, middle, high = _sorted(wide[:-2], wide[1:-1], wide[2:])
    largest_low = np.maximum(np.maximum(low[:, :-2], low[:, 1:-1]), low[:, 2:])
    smallest_high = np.minimum(np.minimum(high[:, :-2], high[:, 1:-1]), high[:, 2:])
    return _median(largest_low, _median(middle[:, :-2], middle[:, 1:-1], middle[:, 2:]), smallest_high)


def _sorted(one: Grey, two: Grey, three: Grey) -> tuple[Grey, Grey, Grey]:
    low, high = np.minimum(one, two), np.maximum(one, two)
    return np.minimum(low, three), np.maximum(low, np.minimum(high, three)), np.maximum(high, three)


def _median(one: Grey, two: Grey, three: Grey) -> Grey:
    return np.maximum(np.minimum(one, two), np.minimum(np.maximum(one, two), three))
