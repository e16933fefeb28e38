"""Two ways to do the same thing, timed in turn: A B B A …, so that a machine that slows down slows both."""

from __future__ import annotations

import gc
import random
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter_ns
from typing import TypeAlias

Call: TypeAlias = Callable[[], object]

_RESAMPLES = 2_000
_SEED = 0


@dataclass(frozen=True)
class Pairs:
    """Medians of both, and of what the second costs over the first in the same pair; times in µs.

    The intervals are 95 % bootstrap intervals of a median over pairs (percentile method, fixed seed).
    """

    pairs: int
    first_us: float
    second_us: float
    difference_us: float
    difference_low_us: float
    difference_high_us: float
    ratio: float
    ratio_low: float
    ratio_high: float


def time_pairs(make: Callable[[bool], tuple[Call, Call]], pairs: int, rounds: int, warm_up: int) -> Pairs:
    """Run the two calls that ``make`` returns ``pairs`` times in all, in an order that alternates.

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
            times += _alternating(first, second, -(-pairs // rounds))
        finally:
            gc.enable()
    return _summary(times)


def _alternating(first: Call, second: Call, pairs: int) -> list[tuple[int, int]]:
    times = []
    for number in range(pairs):
        if number % 2:
            later, earlier = _timed(second), _timed(first)
        else:
            earlier, later = _timed(first), _timed(second)
        times.append((earlier, later))
    return times


def _timed(call: Call) -> int:
    start = perf_counter_ns()
    call()
    return perf_counter_ns() - start


def _summary(times: list[tuple[int, int]]) -> Pairs:
    differences = [(second - first) / 1000 for first, second in times]
    ratios = [second / first for first, second in times]
    return Pairs(
        len(times),
        median(first for first, _ in times) / 1000,
        median(second for _, second in times) / 1000,
        median(differences),
        *_bootstrap(differences),
        median(ratios),
        *_bootstrap(ratios),
    )


def _bootstrap(values: list[float]) -> tuple[float, float]:
    draw = random.Random(_SEED)  # noqa: S311  # resampling, not secrets
    sample = values if len(values) <= _RESAMPLES else draw.sample(values, _RESAMPLES)
    medians = sorted(median(draw.choices(sample, k=len(sample))) for _ in range(400))
    return medians[10], medians[389]
