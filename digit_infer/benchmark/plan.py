"""How much is measured: the settings of a run, in what order, and when a timing has enough."""

from __future__ import annotations

import random
from math import ceil, sqrt

from digit_infer.benchmark.histogram import Histogram
from digit_infer.benchmark.record import Settings
from digit_infer.benchmark.statistics import SAMPLES_NEEDED, Z_95

LONGEST = 10
"""A timing that still lacks samples goes on for up to so many times the seconds that it was given."""

WARM_UP_S = 1.5
"""A system that has not settled after so long is measured all the same, and its row says so."""


def shuffled_order(configurations: int, rounds: int, seed: int) -> list[list[int]]:
    """Return for each round every configuration's index, in an order of its own."""
    draw = random.Random(seed)  # noqa: S311  # an order that can be repeated, not a secret
    return [draw.sample(range(configurations), configurations) for _ in range(rounds)]


def is_enough(latencies: Histogram, seconds: float, settings: Settings) -> bool:
    """Say whether a process has measured enough of one timing: it gets its share of the run's seconds.

    It goes on where its share of the samples that the percentile needs is missing, or the median is not yet known to within
    the width asked; but not for ever.
    """
    share = settings.seconds / settings.rounds
    if seconds >= LONGEST * share:
        return True
    samples = ceil(SAMPLES_NEEDED[settings.percentile] / settings.rounds)
    narrow = settings.width is None or median_width(latencies) <= settings.width
    return seconds >= share and latencies.samples >= samples and narrow


def median_width(latencies: Histogram) -> float:
    """Return how wide the 95 % interval of the median is, as a share of it: by order statistics, without assuming a shape.

    The ranks n/2 ± 0.98 √n enclose the median in 95 of 100 (W. J. Conover, Practical Nonparametric Statistics, 1999, 3.2).
    It takes samples for independent, which neighbours in time are not: the true interval is wider.
    """
    count = latencies.samples
    if count < 2:
        return float("inf")
    reach = Z_95 / 2 * sqrt(count)
    low, middle, high = (latencies.at_rank(rank) for rank in (count / 2 - reach, count / 2, count / 2 + reach))
    return (high - low) / middle if middle else 0.0
