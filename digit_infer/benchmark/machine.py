"""Measures the machine: its clock, the anchor workload, a matrix product, and the peak memory of this process.

The anchor is a fixed workload that is timed beside every measurement: if its time changes, the machine has changed. It
consists of matrix products that fit one thread and the second-level cache, like most layers of the networks here.

A BLAS reads its number of threads from the environment when it is loaded, so each number is measured in a process of its
own: ``python -m digit_infer.benchmark.machine``.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter, perf_counter_ns

import numpy as np

from digit_infer.benchmark.record import Machine, Row
from digit_infer.errors import MeasurementError

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


_THREAD_VARIABLES = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
_SECONDS, _TRIAL_SECONDS = 0.6, 0.03
_SMALLEST_MATRIX, _LARGEST_MATRIX = 256, 2048
_LONG_ENOUGH = 0.001
"""Seconds of one product: much longer than waking threads, and short enough to fit between other load."""
_TIMEOUT = 60


def measured_machine(rows: Sequence[Row]) -> Machine:
    """Measure the clock, and the matrix product for every number of threads of a row; collect the anchor's times."""
    threads = sorted({row.artefact.threads or 1 for row in rows})
    blocks = sorted((block for row in rows for block in row.blocks()), key=lambda block: block.start_s)
    return Machine(
        clock_step_ns=clock_step_ns(),
        clock_read_ns=clock_read_ns(),
        matrix_product_gflops={str(number): matrix_product_gflops(number) for number in threads},
        anchor_us=tuple(block.anchor_us for block in blocks),
    )


def matrix_product_gflops(threads: int) -> float:
    """Return the highest GFLOP/s of a product within 0.6 seconds, with this number of threads.

    The highest, since other load makes a product slower, never faster.

    Raises:
        MeasurementError: the process that measures fails.
    """
    limits = dict.fromkeys(_THREAD_VARIABLES, str(threads))
    command = [sys.executable, "-m", "digit_infer.benchmark.machine"]
    try:
        ended = subprocess.run(  # noqa: S603  # our own command
            command, env=os.environ | limits, check=True, capture_output=True, text=True, timeout=_TIMEOUT
        )
        return float(ended.stdout)
    except subprocess.CalledProcessError as error:
        said = (error.stderr.strip().splitlines() or [f"it ended with {error.returncode}"])[-1]
        raise MeasurementError(f"the matrix product cannot be measured ({said})", "try it: " + " ".join(command)) from error
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise MeasurementError(
            f"the matrix product cannot be measured ({error})", "try it: " + " ".join(command)
        ) from error


def _measured() -> float:
    """Return GFLOP/s at the smallest size whose product takes long enough."""
    size, shortest = _SMALLEST_MATRIX, _shortest(_SMALLEST_MATRIX, _TRIAL_SECONDS)
    while shortest < _LONG_ENOUGH and size < _LARGEST_MATRIX:
        size *= 2
        shortest = _shortest(size, _TRIAL_SECONDS)
    return 2 * size**3 / min(shortest, _shortest(size, _SECONDS)) / 1e9


def _shortest(size: int, seconds: float) -> float:
    """Return the seconds of the fastest product of two square matrices among those that fit into ``seconds``."""
    rng = np.random.default_rng(0)
    left, right = (rng.random((size, size), dtype=np.float32) for _ in range(2))
    answer = np.empty_like(left)
    shortest, end = float("inf"), perf_counter() + seconds
    while (start := perf_counter()) < end or shortest == float("inf"):
        np.matmul(left, right, out=answer)
        shortest = min(shortest, perf_counter() - start)
    return shortest


if __name__ == "__main__":
    sys.stdout.write(f"{_measured()}\n")
