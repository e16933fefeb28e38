"""Times systems that are open at the same time, in turns, block by block."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Literal

from digit_infer.benchmark.configuration import Configuration, scenarios_of
from digit_infer.benchmark.histogram import Histogram
from digit_infer.benchmark.measuring.streams import BLOCK_S
from digit_infer.benchmark.plan import LONGEST, WARM_UP_S, is_enough
from digit_infer.benchmark.process import MeasuringProcess
from digit_infer.benchmark.record import Block, Offline, Settings, Stream, WarmUp

_Part = Literal["stream", "offline"]


class Timing:
    """What is measured of one process: its stream of queries first, then its throughput."""

    def __init__(self, process: MeasuringProcess, configuration: Configuration, settings: Settings) -> None:
        self._process = process
        self._settings = settings
        self.scenarios = scenarios_of(configuration.batch, settings.scenarios)
        self._warm_up: dict[_Part, WarmUp] = {}
        self._blocks: dict[_Part, list[Block]] = {"stream": [], "offline": []}
        self._latencies = Histogram((), ())

    def parts(self) -> tuple[_Part, ...]:
        """Return what is to be timed, in order."""
        streams = {"single-stream", "multi-stream"} & set(self.scenarios)
        return (*(("stream",) if streams else ()), *(("offline",) if "offline" in self.scenarios else ()))

    def warm_up(self, part: _Part) -> None:
        """Warm up for one part."""
        share = self._settings.seconds / self._settings.rounds
        self._warm_up[part] = self._process.warm_up(min(WARM_UP_S, LONGEST * share))

    def block(self, part: _Part) -> bool:
        """Measure one more block, and say whether the part has enough."""
        blocks = self._blocks[part]
        if part == "stream":
            timed = self._process.stream_block()
            self._latencies = Histogram.merged((self._latencies, timed.latencies))
            blocks.append(timed.block)
            return is_enough(self._latencies, _wall_s(blocks), self._settings)
        blocks.append(self._process.offline_block())
        return _wall_s(blocks) >= self._settings.seconds / self._settings.rounds

    def stream(self) -> Stream | None:
        """Return what was measured of queries one after another."""
        if "stream" not in self._warm_up:
            return None
        scenario = next(scenario for scenario in self.scenarios if scenario.endswith("-stream"))
        return Stream(scenario, self._warm_up["stream"], tuple(self._blocks["stream"]), self._latencies)

    def offline(self) -> Offline | None:
        """Return what was measured of throughput."""
        if "offline" not in self._warm_up:
            return None
        return Offline(self._warm_up["offline"], tuple(self._blocks["offline"]))


def measure_in_turns(timings: Sequence[Timing], seed: int) -> None:
    """Measure systems side by side: in every turn each that has not enough gets one block, in an order of its own."""
    draw = random.Random(seed)  # noqa: S311  # an order that can be repeated, not a secret
    for part in ("stream", "offline"):
        waiting = [timing for timing in timings if part in timing.parts()]
        for timing in waiting:
            timing.warm_up(part)
        while waiting:
            draw.shuffle(waiting)
            waiting = [timing for timing in waiting if not timing.block(part)]


def _wall_s(blocks: Sequence[Block]) -> float:
    """Return what the queries took, and at least what a block lasts, so that pauses count."""
    return sum(max(block.seconds, BLOCK_S) for block in blocks)
