"""Times two calls alternately, A B B A …, so that a slowdown of the machine affects both."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from time import perf_counter_ns
from typing import TypeAlias

import numpy as np

Call: TypeAlias = Callable[[], object]

_RESAMPLES = 400
_SEED = 0


@dataclass(frozen=True)
class Difference:
    """The second call minus the first within a pair, in µs, and their ratio.

    Medians over pairs, with 95 % bootstrap intervals (percentile method, fixed seed).
    """

    pairs: int
    difference_us: float
    difference_low_us: float
    difference_high_us: float
    ratio: float
    ratio_low: float
    ratio_high: float


@dataclass(frozen=True)
class Pairs(Difference):
    """Adds the median time of each call, in µs.

    A pair is A B B A, so each call runs twice in a row: first with the other's weights in the caches, then with its own. A
    pair counts their mean.
    """

    first_us: float
    second_us: float


def difference(pairs: Sequence[tuple[float, float]]) -> Difference:
    """Compare the second with the first pair by pair; times are in µs."""
    differences, ratios = [second - first for first, second in pairs], [second / first for first, second in pairs]
    return Difference(
        len(pairs),
        median(differences),
        *_interval_of_median(differences),
        median(ratios),
        *_interval_of_median(ratios),
    )


def time_pairs(make: Callable[[bool], tuple[Call, Call]], pairs: int, rounds: int, warm_up: int) -> Pairs:
    """Time the two calls that ``make`` returns in ``pairs`` pairs A B B A over all rounds; two of four rounds start with B.

    Both are created again for every round, alternating which one first (``make(True)`` creates the first one first): the
    memory layout of two models can matter more than the code around them.
    """
    times: list[tuple[int, int]] = []
    for number in range(rounds):
        first, second = make(number % 2 == 0)
        for _ in range(warm_up):
            first()
            second()
        gc.collect()
        gc.disable()
        try:
            if number % 4 < 2:
                times += _in_turn(first, second, -(-pairs // rounds))
            else:
                times += [pair[::-1] for pair in _in_turn(second, first, -(-pairs // rounds))]
        finally:
            gc.enable()
    return _summary(times)


def _in_turn(one: Call, other: Call, pairs: int) -> list[tuple[int, int]]:
    """Return the total times of two calls of ``one`` and two of ``other``, pair by pair, in ns."""
    times = []
    for _ in range(pairs):
        outer, inner, inner_too, outer_too = _timed(one), _timed(other), _timed(other), _timed(one)
        times.append((outer + outer_too, inner + inner_too))
    return times


def _timed(call: Call) -> int:
    start = perf_counter_ns()
    call()
    return perf_counter_ns() - start


def _summary(times: list[tuple[int, int]]) -> Pairs:
    """Summarise pairs of the total time of two calls, in ns."""
    pairs = [(first / 2000, second / 2000) for first, second in times]
    first_us, second_us = (median(side) for side in zip(*pairs, strict=True))
    return Pairs(**asdict(difference(pairs)), first_us=first_us, second_us=second_us)


def _interval_of_median(values: list[float]) -> tuple[float, float]:
    """Return a 95 % bootstrap interval of the median (percentile method, fixed seed)."""
    draw, sample = np.random.default_rng(_SEED), np.array(values)
    medians = [np.median(draw.choice(sample, len(sample))) for _ in range(_RESAMPLES)]
    low, high = np.quantile(medians, (0.025, 0.975))
    return float(low), float(high)
