"""Decides on one metric of one subject: slower for sure, not slower for sure, or neither."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log
from typing import Literal

from digit_infer.benchmark.comparison.interval import central_us, log_ratio
from digit_infer.benchmark.comparison.quiet import Quiet, quiet
from digit_infer.benchmark.comparison.run import Metric, Processes, Sample, Spread
from digit_infer.benchmark.statistics import Interval

Verdict = Literal["PASS", "FAIL", "INCONCLUSIVE"]

FEWEST_PROCESSES = 4
"""With 4 and 4, all of one side are slower than all of the other by chance in 2 of 70 cases; with 3 and 3 in 2 of 20."""

FEWEST_SAMPLES = 40
"""Of one process: ten stretches of four."""


@dataclass(frozen=True)
class Limits:
    """By how much something may be slower: by the larger of a share and, for latencies, a time in µs."""

    share: float
    absolute_us: float


@dataclass(frozen=True)
class Change:
    """How much longer the second takes than the first: a ratio of times with its 95 % interval."""

    ratio: float
    low: float
    high: float


@dataclass(frozen=True)
class Finding:
    """What was found of one metric of one subject, and why.

    ``first`` and ``second`` are in µs, or in images a second; ``allowed`` is the share by which it might be slower.
    ``change`` is None where too little is left to tell.
    """

    subject: str
    metric: Metric
    verdict: Verdict
    reason: str
    first: float
    second: float
    change: Change | None
    allowed: float


@dataclass(frozen=True)
class _Sides:
    """Both samples, fit to be compared, and by how much the machine's own pace changed, as log(second / first)."""

    first: Sample
    second: Sample
    pace: float


def judge(subject: str, metric: Metric, first: Sample, second: Sample, limits: Limits) -> Finding:
    """Compare two samples of the same metric."""
    times = central_us(first), central_us(second)
    allowed = limits.share if metric == "throughput" else max(limits.share, limits.absolute_us / times[0])
    sides = _compared(first, second)
    if isinstance(sides, str):
        return Finding(subject, metric, "INCONCLUSIVE", sides, *_as_told(metric, *times), None, allowed)
    times = central_us(sides.first), central_us(sides.second)
    interval = _whatever_the_pace(log_ratio(sides.first, sides.second), sides.pace)
    change = Change(times[1] / times[0], exp(interval.low), exp(interval.high))
    verdict, reason = _verdict(change, sides.pace, allowed)
    return Finding(subject, metric, verdict, reason, *_as_told(metric, *times), change, allowed)


def _verdict(change: Change, pace: float, allowed: float) -> tuple[Verdict, str]:
    if abs(pace) > log(1 + allowed):
        return "INCONCLUSIVE", f"the machine itself was {_moved(exp(pace))} in the second run, by its anchor workload"
    if change.low > 1 + allowed:
        return "FAIL", f"slower by {percent(change.low - 1)} at least"
    if change.high <= 1 + allowed:
        return "PASS", _passed(change)
    return "INCONCLUSIVE", "the interval spans the limit: measure with more rounds, or for longer"


def _passed(change: Change) -> str:
    if change.high < 1:
        return f"faster by {percent(1 - change.high)} at least"
    return f"slower by {percent(change.high - 1)} at most"


def percent(share: float) -> str:
    """Write a share as a percentage, to a tenth."""
    return f"{100 * share:.1f} %"


def _moved(ratio: float) -> str:
    return f"{percent(ratio - 1)} slower" if ratio > 1 else f"{percent(1 - ratio)} faster"


def _whatever_the_pace(interval: Interval, pace: float) -> Interval:
    """Widen an interval so that it holds whether the subject keeps the machine's pace in full or not at all.

    A clock that is 3 % slower makes arithmetic 3 % slower, and waiting for memory hardly.
    """
    return Interval(min(interval.low, interval.low - pace), max(interval.high, interval.high - pace))


def _compared(first: Sample, second: Sample) -> _Sides | str:
    """Return what is fit to be compared, or the reason why there is too little."""
    if isinstance(first, Processes) and isinstance(second, Processes):
        fewest = min(len(first.processes), len(second.processes))
        if fewest < FEWEST_PROCESSES:
            return f"{_counted(fewest)} on one side: measure with {FEWEST_PROCESSES} rounds or more"
        kept = quiet(first), quiet(second)
        for side in kept:
            if len(side.kept.processes) < max(FEWEST_PROCESSES, side.disturbed + side.cold):
                return _too_noisy(side)
        paces = [side.anchor_us for side in kept]
        pace = 0.0 if paces[0] is None or paces[1] is None else log(paces[1] / paces[0])
        return _Sides(kept[0].kept, kept[1].kept, pace)
    for sample in (first, second):
        if isinstance(sample, Spread) and sample.samples < FEWEST_SAMPLES:
            return f"{sample.samples} rounds: measure with --benchmark-min-rounds={FEWEST_SAMPLES} or more"
    return _Sides(first, second, 0.0)


def _too_noisy(side: Quiet) -> str:
    left, lost = len(side.kept.processes), side.disturbed + side.cold
    return (
        f"{_counted(left)} left of {left + lost}: the machine was disturbed in {side.disturbed}, and {side.cold} did not"
        " warm up; measure again when it is quiet, or with more rounds"
    )


def _counted(number: int) -> str:
    return f"{number} process{'' if number == 1 else 'es'}"


def _as_told(metric: Metric, first_us: float, second_us: float) -> tuple[float, float]:
    """Turn times into what users read: of an image into images a second."""
    return (1e6 / first_us, 1e6 / second_us) if metric == "throughput" else (first_us, second_us)
