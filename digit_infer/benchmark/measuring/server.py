"""MLPerf's server scenario: queries of one image arrive at random, and each one's latency counts from when it was due.

So a queue cannot hide: a query that waits for the one before it is late from the moment it should have started.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter_ns, sleep

import numpy as np

from digit_infer.benchmark.histogram import Histogram
from digit_infer.benchmark.measuring.queries import Queries, median_ns
from digit_infer.benchmark.record import Server
from digit_infer.benchmark.statistics import SAMPLES_NEEDED

_SPIN_NS = 200_000
"""The system wakes a sleeper up to this late, so the last stretch is waited for awake."""

_TRIALS = 7
"""Halvings of the interval of rates: the highest rate is known to within 1/128 of what back-to-back queries reach."""

_LOWEST = 16
"""Where even this part of what back-to-back queries reach is too much, the search ends: trials would get long."""

_GIVE_UP = 0.1
"""A trial whose last query starts later than this share of its length has a queue without end."""


def serve_at(queries: Queries, rate: float, seconds: float, seed: int) -> Server:
    """Let queries arrive at ``rate`` a second for ``seconds``, and for as many as p99 needs.

    The gaps are exponential (a Poisson process), drawn with ``seed``.
    """
    count = max(round(rate * seconds), SAMPLES_NEEDED[99])
    samples, taken = _arrivals(queries, rate, count, seed)
    return Server(rate, taken, Histogram.of(samples), None, ())


def highest_rate(queries: Queries, bound_us: float, seconds: float, seed: int) -> Server:
    """Search for the highest rate at which 99 % of the queries are answered within ``bound_us``; 0 where there is none.

    Each trial takes ``seconds``. The rate is sought below what back-to-back queries reach, where a queue has no end. A rate
    is given up when it fails twice: one disturbance of the machine is not the system's.
    """
    capacity = 1e9 / median_ns(queries.timed(0.1, at_least=20))
    low, high = 0.0, capacity
    best = Server(0.0, 0.0, Histogram((), ()), bound_us, ())
    tried: list[tuple[float, bool]] = []
    for trial in range(_TRIALS):
        rate = (low + high) / 2
        if rate < capacity / _LOWEST:
            break
        for attempt in range(2):
            found = serve_at(queries, rate, seconds, seed + 2 * trial + attempt)
            p99 = found.latencies.percentile_us(99)
            held = p99 is not None and p99 <= bound_us
            tried.append((rate, held))
            if held:
                break
        if held:
            low, best = rate, found
        else:
            high = rate
    return Server(best.rate, best.seconds, best.latencies, bound_us, tuple(tried))


def _arrivals(queries: Queries, rate: float, count: int, seed: int) -> tuple[list[int], float]:
    """Answer queries as they come due; return the ns from due to answered of each, and the seconds of all."""
    gaps = np.random.default_rng(seed).exponential(1e9 / rate, count).astype(np.int64).tolist()
    answer, clock = queries.answer, perf_counter_ns
    samples: list[int] = []
    due = began = clock()
    patience = int(_GIVE_UP * sum(gaps)) + 1_000_000_000
    for gap in gaps:
        due += gap
        _wait_until(due, clock)
        answer(queries.next())
        samples.append(clock() - due)
        if samples[-1] > patience:
            break
    return samples, (clock() - began) / 1e9


def _wait_until(due: int, clock: Callable[[], int]) -> None:
    while (left := due - clock()) > 0:
        if left > _SPIN_NS:
            sleep((left - _SPIN_NS) / 1e9)
