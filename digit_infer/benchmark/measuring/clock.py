"""The clock that everything is timed by, ``time.perf_counter_ns``, and what can be told with it."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from time import perf_counter_ns

_READINGS = 2_000


def clock_step_ns() -> float:
    """Return the resolution: the smallest step between two readings that differ."""
    steps = []
    for _ in range(_READINGS):
        first = second = perf_counter_ns()
        while second == first:
            second = perf_counter_ns()
        steps.append(second - first)
    return float(min(steps))


def clock_read_ns() -> float:
    """Return what one reading costs, in ns: the median over stretches of readings. It is part of every timed query."""
    costs = []
    for _ in range(20):
        start = perf_counter_ns()
        for _ in range(_READINGS // 20):
            perf_counter_ns()
        costs.append((perf_counter_ns() - start) / (_READINGS // 20))
    return median(costs)


@contextmanager
def collector_off() -> Iterator[None]:
    """Keep Python's garbage collector out of what is timed."""
    was_on = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
