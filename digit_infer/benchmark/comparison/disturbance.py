"""Removes what the machine adds to times, by the anchor workload: disturbed blocks, and drifts of the clock rate.

Blocks are removed by the time of the anchor beside them, never by their own time. On a shared machine, the load of other
users slowed whole seconds by 5 to 15 %, and the anchor with them: without the blocks whose anchor was more than 2 % over
its usual time, the standard deviation of 28 processes' medians fell from 2.9 to 0.3 % (lenet5_v2). Dividing by the anchor
would not help here: under load the network slowed by 1.5 to 2 times as much as the anchor.

What remains are drifts of the clock rate. A clock that is 3 % slower makes arithmetic 3 % slower, and access to memory
hardly at all, so a time follows the anchor by some share from 0 to 1. The share is estimated from the processes of both
runs, as the slope of their times over their anchors, in logarithms, within each run (an analysis of covariance; R.
Fisher, Statistical Methods for Research Workers, 1932, section 49.1), with its least-squares interval.

Machines differ. On a shared AMD EPYC the anchor varied by 1.2 to 1.6 % (standard deviation) from run to run, and three
networks by 1.2 to 1.7 %, which division by the anchor reduced to 0.3 to 0.8 %. On an older processor with a steady clock,
the anchor explained almost nothing, and division would have added noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from digit_infer.benchmark.comparison.interval import student_t
from digit_infer.benchmark.comparison.runs import Process, Processes
from digit_infer.benchmark.statistics import Interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Logarithms = NDArray[np.float64]


_DISTURBED = 1.02
"""The largest anchor of an undisturbed block, relative to the usual one; its standard deviation was 0.3 to 0.4 %."""

_USUAL = 25
"""The percentile that is the anchor's usual time, since a disturbance can only prolong it."""


@dataclass(frozen=True)
class Quiet:
    """What remains of a sample, the numbers of processes that were disturbed or never warm, and the median anchor.

    ``anchor_us`` is None without an anchor.
    """

    kept: Processes
    disturbed: int
    cold: int
    anchor_us: float | None


def quiet(sample: Processes) -> Quiet:
    """Remove processes that did not settle, disturbed blocks, and processes of which most blocks are disturbed."""
    warm = [process for process in sample.processes if process.warm]
    anchors = [anchor for process in warm for anchor in process.anchors_us]
    longest = _DISTURBED * float(np.percentile(anchors, _USUAL)) if anchors else float("inf")
    rested = [_undisturbed(process, longest) for process in warm]
    kept = tuple(
        rest for rest, process in zip(rested, warm, strict=True) if 2 * len(rest.times_us) >= len(process.times_us) > 0
    )
    left = [anchor for process in kept for anchor in process.anchors_us]
    return Quiet(
        Processes(kept), len(warm) - len(kept), len(sample.processes) - len(warm), float(np.median(left)) if left else None
    )


def _undisturbed(process: Process, longest_us: float) -> Process:
    if not process.anchors_us:
        return process
    blocks = [pair for pair in zip(process.times_us, process.anchors_us, strict=True) if pair[1] <= longest_us]
    return Process(tuple(time for time, _ in blocks), tuple(anchor for _, anchor in blocks), process.warm)


def followed(first: Processes, second: Processes) -> Interval:
    """Return the 95 % interval, within 0 and 1, of the share by which the times follow the anchor."""
    sides = [_deviations(side) for side in (first, second)]
    anchors, times = np.concatenate([side[0] for side in sides]), np.concatenate([side[1] for side in sides])
    moved, freedom = float(anchors @ anchors), len(anchors) - len(sides) - 1
    if freedom < 1 or not moved:
        return Interval(0.0, 1.0)
    slope = float(anchors @ times) / moved
    residuals = times - slope * anchors
    reach = student_t(freedom) * sqrt(float(residuals @ residuals) / freedom / moved)
    low, high = (min(1.0, max(0.0, end)) for end in (slope - reach, slope + reach))
    return Interval(low, high)


def at_pace(sample: Processes, anchor_us: float, share: float) -> Processes:
    """Return the times as they would be with an anchor of ``anchor_us``, which they follow by ``share``."""
    return Processes(tuple(_process_at_pace(process, anchor_us, share) for process in sample.processes))


def _process_at_pace(process: Process, anchor_us: float, share: float) -> Process:
    pairs = zip(process.times_us, process.anchors_us, strict=True)
    times = tuple(time * (anchor_us / anchor) ** share for time, anchor in pairs)
    return Process(times, process.anchors_us, process.warm)


def _deviations(sample: Processes) -> tuple[Logarithms, Logarithms]:
    """Return the logarithms of each process's median anchor and median time, less those of the run."""
    anchors = np.array([np.median(np.log(process.anchors_us)) for process in sample.processes])
    times = np.array([np.median(np.log(process.times_us)) for process in sample.processes])
    return anchors - anchors.mean(), times - times.mean()
