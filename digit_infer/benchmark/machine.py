"""The machine's limits, measured in the same run: the clock, and float32 operations per second of a matrix product.

A BLAS reads its number of threads from the environment when it is loaded, so each number is measured in a process of its
own: ``python -m digit_infer.benchmark.machine``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from time import perf_counter

from digit_infer.benchmark.measuring.instruments import clock_read_ns, clock_step_ns
from digit_infer.benchmark.record import Block, Machine, Row
from digit_infer.errors import MeasurementError

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
    blocks = sorted(_blocks(rows), key=lambda block: block.start_s)
    return Machine(
        clock_step_ns=clock_step_ns(),
        clock_read_ns=clock_read_ns(),
        matrix_product_gflops={str(number): matrix_product_gflops(number) for number in threads},
        anchor_us=tuple(block.anchor_us for block in blocks),
    )


def _blocks(rows: Sequence[Row]) -> Iterable[Block]:
    for row in rows:
        for process in row.processes:
            for part in (process.stream, process.offline):
                yield from part.blocks if part else ()


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
    import numpy as np

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
