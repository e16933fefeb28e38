"""A fixed piece of work that is timed beside everything else: if it moves, the machine moved, and not what is measured.

Matrix products small enough for one thread and the second-level cache, as the networks here are mostly made of them.
"""

from __future__ import annotations

from statistics import median
from time import perf_counter_ns

import numpy as np

_SIDE = 64  # 64^3 multiply-adds: OpenBLAS takes a second thread only above that
_PRODUCTS = 8
_REPEATS = 5


class Anchor:
    """The work, ready to be timed."""

    def __init__(self) -> None:
        self._left = np.full((_SIDE, _SIDE), 0.5, np.float32)
        self._right = np.full((_SIDE, _SIDE), 0.25, np.float32)
        self._product = np.empty_like(self._left)

    def duration_us(self) -> float:
        """Return the median of a few repetitions, in µs."""
        return median(self._once() for _ in range(_REPEATS)) / 1000

    def _once(self) -> int:
        left, right, product, multiply = self._left, self._right, self._product, np.matmul
        start = perf_counter_ns()
        for _ in range(_PRODUCTS):
            multiply(left, right, out=product)
        return perf_counter_ns() - start
