"""Two ways to do the same thing, timed in turn: A B B A …, so that a machine that slows down slows both."""

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
    """What the second of two takes over the first in the same pair, in µs, and as a ratio of times.

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
    """Medians of both besides, in µs for one call.

    A pair is A B B A, and so each is called twice in a row all along: the first of two calls finds the other's weights in
    the cache, the second its own. A pair counts their mean.
    """

    first_us: float
    second_us: float


def difference(pairs: Sequence[tuple[float, float]]) -> Difference:
    """Compare the second with the first, pair by pair; times are in µs."""
    differences, ratios = [second - first for first, second in pairs], [second / first for first, second in pairs]
    return Difference(
        len(pairs),
        median(differences),
        *_interval_of_median(differences),
        median(ratios),
        *_interval_of_median(ratios),
    )


def time_pairs(make: Callable[[bool], tuple[Call, Call]], pairs: int, rounds: int, warm_up: int) -> Pairs:
    """Run the two calls that ``make`` returns, ``pairs`` times A B B A in all; in every other two rounds B is the first.

    They are made anew for every round, in turns with the one or the other first (``make(True)`` makes the first one first):
    where two models come to lie in memory can cost one of them more than the code around it does.
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
    """Return what two calls of the one and two of the other took together, pair by pair."""
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
    """Summarise pairs of what two calls took together, in ns."""
    pairs = [(first / 2000, second / 2000) for first, second in times]
    first_us, second_us = (median(side) for side in zip(*pairs, strict=True))
    return Pairs(**asdict(difference(pairs)), first_us=first_us, second_us=second_us)


def _interval_of_median(values: list[float]) -> tuple[float, float]:
    """Return a 95 % bootstrap interval of the median (percentile method, fixed seed)."""
    draw, sample = np.random.default_rng(_SEED), np.array(values)
    medians = [np.median(draw.choice(sample, len(sample))) for _ in range(_RESAMPLES)]
    low, high = np.quantile(medians, (0.025, 0.975))
    return float(low), float(high)
