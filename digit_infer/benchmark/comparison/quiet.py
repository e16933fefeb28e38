"""Leaves out what the machine disturbed, by the anchor workload beside each block and never by the figure itself.

On the shared machine where this was worked out, somebody else's load slowed whole seconds by 5 to 15 %, and in those the
anchor was slower too: leaving out blocks whose anchor was more than 2 % over its usual duration brought the standard
deviation of 28 processes' medians from 2.9 to 0.3 % (lenet5_v2).

Dividing by the anchor instead would not do: under load the network slowed by 1.5 to 2 times as much as the anchor. What is
left when such blocks are gone is the wandering of the clock, which ``pace`` sees to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from digit_infer.benchmark.comparison.run import Process, Processes

_DISTURBED = 1.02
"""The anchor of a quiet block stays this near: its standard deviation from block to block was 0.3 to 0.4 %."""

_USUAL = 25
"""The anchor's usual duration is this percentile of its durations, since a disturbance can only prolong it."""


@dataclass(frozen=True)
class Quiet:
    """What is left of a sample, how many processes were disturbed or never warm, and the anchor's duration in what is left.

    ``anchor_us`` is None where nothing was timed beside.
    """

    kept: Processes
    disturbed: int
    cold: int
    anchor_us: float | None


def quiet(sample: Processes) -> Quiet:
    """Leave out processes that did not settle, those with more disturbed blocks than others, and disturbed blocks."""
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
