"""How far a figure follows the machine's pace, as the anchor workload beside it shows it.

A clock that is 3 % slower makes arithmetic 3 % slower, and waiting for memory hardly. So what the anchor moved may explain
none of what a figure moved, or as large a share of itself, and the processes of both runs say how much: the slope of their
times over their anchors, in logarithms, within each run (an analysis of covariance; R. Fisher, Statistical Methods for
Research Workers, 1932, section 49.1). Slope and interval are those of least squares; where processes tell nothing, all from
none to the whole stays possible.

Machines differ in it. On a shared AMD EPYC the anchor moved by 1.2 to 1.6 % (standard deviation) from run to run, and three
networks with it: dividing by it brought theirs from 1.2 to 1.7 down to 0.3 to 0.8 %. On an older one with a steady clock
the anchor explained next to nothing, and dividing by it would have added noise.
"""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from digit_infer.benchmark.comparison.interval import student_t
from digit_infer.benchmark.comparison.run import Process, Processes
from digit_infer.benchmark.statistics import Interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Logarithms = NDArray[np.float64]


def followed(first: Processes, second: Processes) -> Interval:
    """Return the share of the anchor's movement that the figure follows, within 0 and 1: its 95 % interval."""
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
    """Return the times as they would be with an anchor of that duration, of which they follow a share."""
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
