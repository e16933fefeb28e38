"""The verdict on one metric of one subject: slower, not slower, or inconclusive."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, sqrt
from typing import Literal

from digit_infer.benchmark.comparison.estimate import Quiet, at_pace, central_us, followed, log_ratio, quiet
from digit_infer.benchmark.comparison.runs import FEWEST_SAMPLES, Metric, Processes, Sample, Spread

Verdict = Literal["PASS", "FAIL", "INCONCLUSIVE"]

FEWEST_PROCESSES = 4
"""With 4 and 4, all of one side are slower than all of the other by chance in 2 of 70 cases; with 3 and 3 in 2 of 20."""


@dataclass(frozen=True)
class Limits:
    """The allowed slowdown: the larger of a share and, for latencies, a time in µs."""

    share: float
    absolute_us: float


@dataclass(frozen=True)
class Change:
    """The ratio of the second time to the first, corrected for the clock rate, with its 95 % interval."""

    ratio: float
    low: float
    high: float


@dataclass(frozen=True)
class Finding:
    """The verdict on one metric of one subject, and its reason.

    ``first`` and ``second`` are in µs, or in images per second; ``allowed`` is the allowed slowdown as a share.
    ``change`` is None where there are too few measurements.
    """

    subject: str
    metric: Metric
    verdict: Verdict
    reason: str
    first: float
    second: float
    change: Change | None
    allowed: float


def judge(subject: str, metric: Metric, first: Sample, second: Sample, limits: Limits) -> Finding:
    """Compare two samples of the same metric."""
    times = central_us(first), central_us(second)
    allowed = limits.share if metric == "throughput" else max(limits.share, limits.absolute_us / times[0])
    found = _compared(first, second)
    if isinstance(found, str):
        return Finding(subject, metric, "INCONCLUSIVE", found, *_as_told(metric, *times), None, allowed)
    times, change, pace = found
    verdict, reason = _verdict(change, pace, allowed)
    return Finding(subject, metric, verdict, reason, *_as_told(metric, *times), change, allowed)


def _change(first: Sample, second: Sample) -> Change:
    interval = log_ratio(first, second)
    return Change(central_us(second) / central_us(first), exp(interval.low), exp(interval.high))


def _change_at_one_pace(first: Processes, second: Processes, anchors_us: tuple[float, float]) -> Change:
    """Compare samples at one clock rate; the interval covers every share by which they may follow the anchor."""
    between_us = sqrt(anchors_us[0] * anchors_us[1])
    shares = followed(first, second)
    changes = [
        _change(at_pace(first, between_us, share), at_pace(second, between_us, share))
        for share in (shares.low, (shares.low + shares.high) / 2, shares.high)
    ]
    return Change(changes[1].ratio, min(change.low for change in changes), max(change.high for change in changes))


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


def _compared(first: Sample, second: Sample) -> tuple[tuple[float, float], Change, float] | str:
    """Return both times in µs, their change, and that of the anchor as log(second / first); or why there are too few.

    Without an anchor its change is 0.
    """
    if isinstance(first, Processes) and isinstance(second, Processes):
        fewest = min(len(first.processes), len(second.processes))
        if fewest < FEWEST_PROCESSES:
            return f"{_counted(fewest)} on one side: measure with {FEWEST_PROCESSES} rounds or more"
        one, other = quiet(first), quiet(second)
        for side in (one, other):
            if len(side.kept.processes) < max(FEWEST_PROCESSES, side.disturbed + side.cold):
                return _too_noisy(side)
        first, second = one.kept, other.kept
        if one.anchor_us is not None and other.anchor_us is not None:
            change = _change_at_one_pace(first, second, (one.anchor_us, other.anchor_us))
            return (central_us(first), central_us(second)), change, log(other.anchor_us / one.anchor_us)
    for sample in (first, second):
        if isinstance(sample, Spread) and sample.samples < FEWEST_SAMPLES:
            return f"{sample.samples} rounds: measure with --benchmark-min-rounds={FEWEST_SAMPLES} or more"
    return (central_us(first), central_us(second)), _change(first, second), 0.0


def _too_noisy(side: Quiet) -> str:
    left, lost = len(side.kept.processes), side.disturbed + side.cold
    return (
        f"{_counted(left)} left of {left + lost}: the machine was disturbed in {side.disturbed}, and {side.cold} did not"
        " warm up; measure again when it is quiet, or with more rounds"
    )


def _counted(number: int) -> str:
    return f"{number} process{'' if number == 1 else 'es'}"


def _as_told(metric: Metric, first_us: float, second_us: float) -> tuple[float, float]:
    """Return times in the unit that users read: for throughput, images per second."""
    return (1e6 / first_us, 1e6 / second_us) if metric == "throughput" else (first_us, second_us)
