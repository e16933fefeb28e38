"""The few statistics that the numbers need, in plain Python."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

Z_95 = 1.959963984540054
"""The 97.5 % quantile of the normal distribution: 95 % lie within plus and minus this many deviations."""

SAMPLES_NEEDED = {50: 1, 90: 64, 99: 662, 99.9: 6_700}
"""How many samples a percentile needs before it is worth printing (the project's rule)."""


class Interval(NamedTuple):
    """A lower and an upper bound."""

    low: float
    high: float


def wilson_interval(successes: int, trials: int, z: float = Z_95) -> Interval:
    """Return Wilson's score interval of a share: E. B. Wilson, JASA 22 (1927), 209-212.

    Raises:
        ValueError: there are no trials, or more successes than trials.
    """
    if not 0 <= successes <= trials or trials == 0:
        raise ValueError(f"{successes} successes in {trials} trials")
    share = successes / trials
    centre = share + z * z / (2 * trials)
    spread = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    return Interval(max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale))


def percentile(ordered: Sequence[float], percent: float) -> float | None:
    """Return the nearest-rank percentile of ascending samples, or None where they are too few to say.

    Nearest rank answers a value that was really measured: sample number ceil(percent / 100 * n).
    """
    if len(ordered) < SAMPLES_NEEDED[percent]:
        return None
    return ordered[math.ceil(percent / 100 * len(ordered)) - 1]


def mean_and_deviation(values: Sequence[float]) -> str:
    """Write values as mean ± deviation."""
    if len(values) == 1:
        return f"{values[0]:.4f}"
    return f"{statistics.fmean(values):.4f} ± {statistics.stdev(values):.4f}"
