"""The clock, the anchor workload, and the peak memory of this process.

The anchor is a fixed workload that is timed beside every measurement: if its time changes, the machine has changed. It
consists of matrix products that fit one thread and the second-level cache, like most layers of the networks here.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter_ns

import numpy as np

_READINGS = 2_000

_MATRIX_SIDE = 64  # 64^3 multiply-adds: OpenBLAS takes a second thread only above that
_PRODUCTS = 8
_REPEATS = 5


def clock_step_ns() -> float:
    """Return the resolution in ns: the smallest difference between two readings."""
    steps = []
    for _ in range(_READINGS):
        first = second = perf_counter_ns()
        while second == first:
            second = perf_counter_ns()
        steps.append(second - first)
    return float(min(steps))


def clock_read_ns() -> float:
    """Return the time of one reading in ns, the median over groups of readings. It is part of every timed query."""
    costs = []
    for _ in range(20):
        start = perf_counter_ns()
        for _ in range(_READINGS // 20):
            perf_counter_ns()
        costs.append((perf_counter_ns() - start) / (_READINGS // 20))
    return median(costs)


@contextmanager
def collector_off() -> Iterator[None]:
    """Disable Python's garbage collector while something is timed."""
    was_on = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class Anchor:
    """The anchor workload."""

    def __init__(self) -> None:
        self._left = np.full((_MATRIX_SIDE, _MATRIX_SIDE), 0.5, np.float32)
        self._right = np.full((_MATRIX_SIDE, _MATRIX_SIDE), 0.25, np.float32)
        self._product = np.empty_like(self._left)

    def duration_us(self) -> float:
        """Run it a few times and return the median in µs."""
        return median(self._once() for _ in range(_REPEATS)) / 1000

    def _once(self) -> int:
        left, right, product, multiply = self._left, self._right, self._product, np.matmul
        start = perf_counter_ns()
        for _ in range(_PRODUCTS):
            multiply(left, right, out=product)
        return perf_counter_ns() - start


def peak_memory_bytes() -> int | None:
    """Return the peak resident set size of this process, or None where the system does not report it.

    Linux's ``VmHWM`` comes first: ``ru_maxrss`` includes the process that this one was forked from.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return _by_resource_usage()
    line = next((line for line in status.splitlines() if line.startswith("VmHWM:")), None)
    return None if line is None else 1024 * int(line.split()[1])


def _by_resource_usage() -> int | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
