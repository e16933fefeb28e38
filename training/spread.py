"""What several seeds say about a published number."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from digit_infer.benchmark.statistics import Interval, wilson_interval

Verdict = Literal["inside the spread", "within one more run", "better", "worse"]

_FEWEST = 3
_STUDENT_95 = {2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}
"""97.5 % quantiles of Student's t by degrees of freedom."""


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
    def interval(self) -> Interval:
        """Where 19 of 20 further runs would fall.

        From three seeds on, Student's prediction interval for one more run on the same test images: mean ± t·s·√(1 + 1/n).
        With fewer, nothing is known of the spread of seeds, and Wilson's interval of the mean has to stand for it.
        """
        count = len(self.accuracies)
        if self.deviation is None or count < _FEWEST:
            return wilson_interval(round(self.mean * self.images), self.images)
        reach = _STUDENT_95[min(count - 1, max(_STUDENT_95))] * self.deviation * math.sqrt(1 + 1 / count)
        return Interval(self.mean - reach, self.mean + reach)

    def verdict(self, published: float) -> Verdict:
        """Say where a published accuracy lies."""
        if len(self.accuracies) > 1 and self.worst <= published <= self.best:
            return "inside the spread"
        if self.interval.low <= published <= self.interval.high:
            return "within one more run"
        return "better" if self.mean > published else "worse"


def exact_mcnemar(only_first_right: int, only_second_right: int) -> float:
    """Return the two-sided p-value of McNemar's exact test: Q. McNemar, Psychometrika 12 (1947), 153-157.

    Two classifiers that are equally good are each as likely to be the right one where just one of them is right.
    """
    discordant = only_first_right + only_second_right
    fewer = min(only_first_right, only_second_right)
    outcomes: int = 2**discordant
    return min(1.0, 2 * sum(math.comb(discordant, count) for count in range(fewer + 1)) / outcomes)


def mean_and_deviation(values: Sequence[float]) -> str:
    """Write values as mean ± deviation."""
    if len(values) == 1:
        return f"{values[0]:.4f}"
    return f"{statistics.fmean(values):.4f} ± {statistics.stdev(values):.4f}"
