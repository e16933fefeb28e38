"""Starts measuring processes, sends them requests, and times several in turns until each has enough samples."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from math import ceil, sqrt
from time import perf_counter
from typing import Any, Literal, get_args

from digit_infer.benchmark.configuration import LONGEST_S, Configuration, scenarios_of
from digit_infer.benchmark.record import Artefact, Block, Offline, Server, Settings, Stages, Stream, WarmUp, rebuilt
from digit_infer.benchmark.scenarios import BLOCK_S, TimedBlock
from digit_infer.benchmark.statistics import SAMPLES_NEEDED, Z_95, Histogram
from digit_infer.errors import DigitInferError, MeasurementError, from_told
from digit_infer.parallel.processes import owner

PREDICTOR: tuple[str, ...] = (sys.executable, "-m", "digit_infer.benchmark.worker")
"""The command of a process that measures a ``Predictor``."""

LONGEST = 10
"""A timing with too few samples continues for up to this multiple of its seconds."""

WARM_UP_S = 1.5
"""Seconds. A system that has not settled by then is measured anyway, and its row says so."""

_TO_END_S = 5.0


class MeasuringProcess:
    """A fresh process that measures one system.

    Raises:
        DigitInferError: an error of the process, such as ``RuntimeUnavailableError``.
        MeasurementError: the process ended.
    """

    def __init__(
        self,
        command: Sequence[str],
        request: Mapping[str, Any],
        *,
        environment: Mapping[str, str] | None = None,
        longest_s: float = LONGEST_S,
    ) -> None:
        """Start a process that opens what ``request`` names; ``environment`` None means that of this process.

        A request that is not answered within ``longest_s`` ends it.
        """
        self._longest_s = longest_s
        self._name = f"{request.get('model') or 'nothing'} on {request.get('runtime', command[0])}"
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115  # closed by close
        start = perf_counter()
        self._process = subprocess.Popen(  # noqa: S603  # our own interpreter, or a peer's
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
            env=None if environment is None else dict(environment),
        )
        try:
            first = self._ask({**request, "owner": owner()})
        except BaseException:
            self.close()
            raise
        self.cold_ms = 1000 * (perf_counter() - start)
        self.artefact = rebuilt(Artefact, first["artefact"])
        self.load_ms = float(first["load_ms"])
        self.first_us = float(first["first_us"])

    def digits(self) -> str:
        """Return the answers to the 10,000 test images: uint8 [10,000] in base64."""
        answered: str = self._ask({"do": "digits"})["digits"]
        return answered

    def warm_up(self, longest_s: float) -> WarmUp:
        """Warm up."""
        return rebuilt(WarmUp, self._ask({"do": "warm_up", "longest_s": longest_s}))

    def stream_block(self) -> TimedBlock:
        """Measure a block of queries, each timed."""
        return rebuilt(TimedBlock, self._ask({"do": "stream"}))

    def offline_block(self) -> Block:
        """Measure a block of queries as a whole."""
        return rebuilt(Block, self._ask({"do": "offline"}))

    def server(self, rate: float | None, bound_us: float | None, seconds: float, seed: int) -> Server:
        """Run the server scenario at ``rate`` queries per second, or find the highest rate with p99 below ``bound_us``."""
        asked = {"do": "server", "rate": rate, "bound_us": bound_us, "seconds": seconds, "seed": seed}
        return rebuilt(Server, self._ask(asked))

    def stages(self, seconds: float) -> Stages | None:
        """Time pictures from file to digit; None where inference is elsewhere, such as in a browser."""
        told = self._ask({"do": "stages", "seconds": seconds})["stages"]
        return None if told is None else rebuilt(Stages, told)

    def peak_memory_bytes(self) -> int | None:
        """Return the peak resident memory so far, or None if the system does not report it."""
        peak: int | None = self._ask({"do": "memory"})["peak_memory_bytes"]
        return peak

    def _ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None  # noqa: S101  # for mypy: both are pipes
        assert self._process.stdout is not None  # noqa: S101
        late = threading.Event()

        def end() -> None:
            late.set()
            self._process.kill()

        timer = threading.Timer(self._longest_s, end)
        timer.start()
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            timer.cancel()
        if late.is_set():
            raise MeasurementError(
                f"the process that measured {self._name} did not answer within {self._longest_s:g} s", "see bench --timeout"
            )
        if not line:
            raise self._ended()
        reply: dict[str, Any] = json.loads(line)
        if "error" in reply:
            raise from_told(reply["error"])
        return reply

    def _ended(self) -> MeasurementError:
        try:
            code = self._process.wait(_TO_END_S)
        except subprocess.TimeoutExpired:  # it closed stdout but still runs
            self._process.kill()
            code = self._process.wait()
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        self._stderr.seek(0)
        said = self._stderr.read().decode(errors="replace").strip().splitlines()
        last = f" ({said[-1]})" if said else ""
        return MeasurementError(f"the process that measured {self._name} ended with {how}{last}", "measure it again")

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()
        self._stderr.close()

    def __enter__(self) -> MeasuringProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


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
