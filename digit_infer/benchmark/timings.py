"""Times several open systems in turns, block by block, until each has enough samples."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from math import ceil, sqrt
from typing import Literal, get_args

from digit_infer.benchmark.configuration import Configuration, scenarios_of
from digit_infer.benchmark.process import MeasuringProcess
from digit_infer.benchmark.record import Block, Offline, Settings, Stream, WarmUp
from digit_infer.benchmark.scenarios import BLOCK_S
from digit_infer.benchmark.statistics import SAMPLES_NEEDED, Z_95, Histogram
from digit_infer.errors import DigitInferError

LONGEST = 10
"""A timing with too few samples continues for up to this multiple of its seconds."""

WARM_UP_S = 1.5
"""Seconds. A system that has not settled by then is measured anyway, and its row says so."""


def shuffled_order(configurations: int, rounds: int, seed: int) -> list[list[int]]:
    """Return the indices of the configurations for each round, in a random order."""
    draw = random.Random(seed)  # noqa: S311  # an order that can be repeated, not a secret
    return [draw.sample(range(configurations), configurations) for _ in range(rounds)]


def is_enough(latencies: Histogram, seconds: float, settings: Settings) -> bool:
    """Return whether a process has measured enough of one timing, which gets its share of the run's seconds.

    It continues, up to ``LONGEST``, while it lacks its share of the samples that the percentile needs, or while the
    interval of the median is wider than asked.
    """
    share = settings.seconds / settings.rounds
    if seconds >= LONGEST * share:
        return True
    samples = ceil(SAMPLES_NEEDED[settings.percentile] / settings.rounds)
    narrow = settings.width is None or median_width(latencies) <= settings.width
    return seconds >= share and latencies.samples >= samples and narrow


def median_width(latencies: Histogram) -> float:
    """Return the width of the median's 95 % interval as a share of the median, by order statistics.

    The ranks n/2 ± 0.98 √n enclose the median in 95 of 100 cases (W. J. Conover, Practical Nonparametric Statistics, 1999,
    3.2). This assumes independent samples; neighbours in time are not, so the true interval is wider.
    """
    count = latencies.samples
    if count < 2:
        return float("inf")
    reach = Z_95 / 2 * sqrt(count)
    low, middle, high = (latencies.at_rank(rank) for rank in (count / 2 - reach, count / 2, count / 2 + reach))
    return (high - low) / middle if middle else 0.0


_Part = Literal["stream", "offline"]
_PARTS: tuple[_Part, ...] = get_args(_Part)


class Timing:
    """The timings of one process: its stream of queries, and then its throughput."""

    def __init__(self, process: MeasuringProcess, configuration: Configuration, settings: Settings) -> None:
        self._process = process
        self._settings = settings
        self.scenarios = scenarios_of(configuration.batch, settings.scenarios)
        self._warm_up: dict[_Part, WarmUp] = {}
        self._blocks: dict[_Part, list[Block]] = {"stream": [], "offline": []}
        self._latencies = Histogram((), ())

    def parts(self) -> tuple[_Part, ...]:
        """Return the parts to time, in order."""
        streams = {"single-stream", "multi-stream"} & set(self.scenarios)
        return (*(("stream",) if streams else ()), *(("offline",) if "offline" in self.scenarios else ()))

    def warm_up(self, part: _Part) -> None:
        """Warm up for one part."""
        share = self._settings.seconds / self._settings.rounds
        self._warm_up[part] = self._process.warm_up(min(WARM_UP_S, LONGEST * share))

    def block(self, part: _Part) -> bool:
        """Measure one more block, and return whether the part has enough."""
        blocks = self._blocks[part]
        if part == "stream":
            timed = self._process.stream_block()
            self._latencies = Histogram.merged((self._latencies, timed.latencies))
            blocks.append(timed.block)
            return is_enough(self._latencies, _wall_s(blocks), self._settings)
        blocks.append(self._process.offline_block())
        return _wall_s(blocks) >= self._settings.seconds / self._settings.rounds

    def stream(self) -> Stream | None:
        """Return the timed queries, or None."""
        if "stream" not in self._warm_up:
            return None
        scenario = next(scenario for scenario in self.scenarios if scenario.endswith("-stream"))
        return Stream(scenario, self._warm_up["stream"], tuple(self._blocks["stream"]), self._latencies)

    def offline(self) -> Offline | None:
        """Return the throughput blocks, or None."""
        if "offline" not in self._warm_up:
            return None
        return Offline(self._warm_up["offline"], tuple(self._blocks["offline"]))


def measure_in_turns(
    timings: Sequence[Timing], seed: int, failed: Callable[[Timing, DigitInferError], None] | None = None
) -> None:
    """Measure systems in turns: in every turn each that needs more gets one block, in a random order.

    A system that fails is passed to ``failed`` and left out from then on; without ``failed``, its error is raised.
    """
    draw = random.Random(seed)  # noqa: S311  # an order that can be repeated, not a secret
    lost: set[Timing] = set()

    def goes_on(timing: Timing, step: Callable[[_Part], bool | None], part: _Part) -> bool:
        """Do one step of a system, and return whether it needs more."""
        try:
            return not step(part)
        except DigitInferError as error:
            if failed is None:
                raise
            lost.add(timing)
            failed(timing, error)
            return False

    for part in _PARTS:
        waiting = [timing for timing in timings if part in timing.parts() and timing not in lost]
        waiting = [timing for timing in waiting if goes_on(timing, timing.warm_up, part)]
        while waiting:
            draw.shuffle(waiting)
            waiting = [timing for timing in waiting if goes_on(timing, timing.block, part)]


def _wall_s(blocks: Sequence[Block]) -> float:
    """Return the seconds of the blocks, each counted with the length of a block at least, so that pauses count."""
    return sum(max(block.seconds, BLOCK_S) for block in blocks)
