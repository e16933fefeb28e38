"""Statistics of the accuracy over several seeds, and comparison with a published one."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import Literal

from digit_infer.benchmark.statistics import Z_95, Interval

Verdict = Literal["inside the spread", "inside the interval", "better", "worse"]

FEWEST = 3
"""The fewest seeds from which the spread is estimated."""

_STUDENT_95 = {2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}
"""97.5 % quantiles of Student's t by degrees of freedom; beyond 9 that of 9 is taken, which errs on the wide side."""


@dataclass(frozen=True)
class Spread:
    """Test accuracies of one recipe by seed; each is a share of ``images``."""

    accuracies: tuple[float, ...]
    images: int

    @property
    def mean(self) -> float:
        """Their mean."""
        return statistics.fmean(self.accuracies)

    @property
    def deviation(self) -> float | None:
        """Their sample standard deviation, or None for a single one."""
        return statistics.stdev(self.accuracies) if len(self.accuracies) > 1 else None

    @property
    def best(self) -> float:
        """The largest."""
        return max(self.accuracies)

    @property
    def worst(self) -> float:
        """The smallest."""
        return min(self.accuracies)

    @property
    def is_known(self) -> bool:
        """Whether there are enough seeds to estimate the spread."""
        return len(self.accuracies) >= FEWEST

    @property
    def interval(self) -> Interval:
        """Where the accuracy of one more run would lie, with 95 % confidence.

        If the spread is known, Student's prediction interval: mean ± t·s·√(1 + 1/n). If not, the sampling error of the
        difference of two runs is used, mean ± z·√(2·p·(1 − p)/images).
        """
        if self.deviation is not None and self.is_known:
            count = len(self.accuracies)
            reach = _student(count - 1) * self.deviation * math.sqrt(1 + 1 / count)
        else:
            reach = Z_95 * math.sqrt(2 * self.mean * (1 - self.mean) / self.images)
        return Interval(max(0.0, self.mean - reach), min(1.0, self.mean + reach))

    def verdict(self, published: float) -> Verdict:
        """Return the position of a published accuracy."""
        if len(self.accuracies) > 1 and self.worst <= published <= self.best:
            return "inside the spread"
        if self.interval.low <= published <= self.interval.high:
            return "inside the interval"
        return "better" if self.mean > published else "worse"


def difference_of_means(first: Spread, second: Spread) -> Interval | None:
    """Return the 95 % interval of second minus first, or None with too few seeds.

    B. L. Welch, Biometrika 34 (1947), 28-35.
    """
    if first.deviation is None or second.deviation is None or not (first.is_known and second.is_known):
        return None
    counts = (len(first.accuracies), len(second.accuracies))
    one, two = first.deviation**2 / counts[0], second.deviation**2 / counts[1]
    difference = second.mean - first.mean
    if one + two == 0:
        return Interval(difference, difference)
    freedom = (one + two) ** 2 / (one**2 / (counts[0] - 1) + two**2 / (counts[1] - 1))
    reach = _student(max(2, math.floor(freedom))) * math.sqrt(one + two)
    return Interval(difference - reach, difference + reach)


def exact_mcnemar(only_first_right: int, only_second_right: int) -> float:
    """Return the two-sided p-value of McNemar's exact test: Q. McNemar, Psychometrika 12 (1947), 153-157.

    If two classifiers are equally good, each is equally likely to be the right one where only one is right.
    """
    discordant = only_first_right + only_second_right
    fewer = min(only_first_right, only_second_right)
    outcomes: int = 2**discordant
    return min(1.0, 2 * sum(math.comb(discordant, count) for count in range(fewer + 1)) / outcomes)


def _student(freedom: int) -> float:
    return _STUDENT_95[min(freedom, max(_STUDENT_95))]
