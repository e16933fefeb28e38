"""Queries of test images: warm-up, the scenarios single-stream, multi-stream, offline and server, and a picture's stages.

In MLPerf's server scenario, queries of one image arrive at random, and latency counts from the arrival of a query. So
its latency includes the time in the queue.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, perf_counter_ns, sleep
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from digit_infer.benchmark.machine import Anchor
from digit_infer.benchmark.record import Block, Server, Stages, WarmUp
from digit_infer.benchmark.statistics import SAMPLES_NEEDED, Histogram

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.contract import Images, Probabilities
    from digit_infer.runtimes.protocol import TimingSession

    Answer: TypeAlias = Callable[[Images], Probabilities]
    """uint8 [N, 28, 28] -> float32 [N, 10]"""
    from digit_infer.contract import Images

ACCURACY_BATCH = 256
_POOL = 4_096
"""The number of different images in the queries."""


class Queries:
    """A system, and queries of one size, which are sent in turn."""

    def __init__(self, answer: Answer, images: Images, batch: int) -> None:
        """Take the test images, uint8 [N, 28, 28]; a batch larger than N repeats them."""
        self.answer = answer
        self.batch = batch
        pool = images[: max(batch, _POOL)]
        if batch > len(pool):
            pool = np.resize(pool, (batch, *pool.shape[1:]))
        self._queries = [pool[start : start + batch] for start in range(0, len(pool) - batch + 1, batch)]
        self._turn = cycle(self._queries)

    def timed(self, seconds: float, at_least: int = 1, pause_s: float = 0.0) -> list[int]:
        """Send queries for ``seconds``, at least ``at_least``, with a pause before each; return the ns of each."""
        answer, turn, clock = self.answer, self._turn, perf_counter_ns
        samples: list[int] = []
        end = clock() + int(1e9 * seconds)
        stop = 0
        while stop < end or len(samples) < at_least:
            query = next(turn)
            if pause_s:
                sleep(pause_s)
            start = clock()
            answer(query)
            stop = clock()
            samples.append(stop - start)
        return samples

    def back_to_back(self, count: int) -> float:
        """Send ``count`` queries without reading the clock between them, and return the seconds of all."""
        answer = self.answer
        queries = [next(self._turn) for _ in range(count)]
        start = perf_counter_ns()
        for query in queries:
            answer(query)
        return (perf_counter_ns() - start) / 1e9

    def next(self) -> Images:
        """Return the next query."""
        return next(self._turn)


class QueriesElsewhere(Queries):
    """Queries that a session sends and times itself, so that the way to it takes no part."""

    def __init__(self, session: TimingSession, images: Images, batch: int) -> None:
        """Take the test images, as ``Queries`` does."""
        super().__init__(session.answers, images, batch)
        self._session = session
        session.take(np.concatenate(self._queries), batch)

    def timed(self, seconds: float, at_least: int = 1, pause_s: float = 0.0) -> list[int]:
        """Send queries for ``seconds``, at least ``at_least``, with a pause before each; return the ns of each."""
        return self._session.timed(seconds, at_least, pause_s)

    def back_to_back(self, count: int) -> float:
        """Send ``count`` queries without reading the clock between them, and return the seconds of all."""
        return self._session.back_to_back(count)


def digits(answer: Answer, images: Images) -> NDArray[np.uint8]:
    """Return the most probable digit of each image, uint8 [N], in batches of 256."""
    parts = np.split(images, range(ACCURACY_BATCH, len(images), ACCURACY_BATCH))
    return np.concatenate([answer(part).argmax(axis=1).astype(np.uint8) for part in parts])


def median_ns(samples: Sequence[int]) -> float:
    """Return the upper median."""
    return float(sorted(samples)[len(samples) // 2])


BLOCK_S = 0.05
"""Seconds of a block: a few time slices of the scheduler, and shorter than drifts of the clock rate."""

_AGREE = 1.03
_AGREEING = 3
"""A system is warm when three medians in a row lie within 3 % of one another."""

_SPIN_NS = 200_000
"""The system wakes a sleeping thread up to this late, so the end of a wait is spent in a loop."""

_TRIALS = 7
"""Bisections: the highest rate is found to within 1/128 of the rate of back-to-back queries."""

_LOWEST = 16
"""The search ends below 1/16 of the rate of back-to-back queries, where trials would take too long."""

_GIVE_UP = 0.1
"""A trial in which a query is later than this share of the trial's length has an ever growing queue."""

_PICTURE_SIDE = 280
_PICTURES = 40
_FEWEST_PICTURES = 64  # p90 needs as many samples
DESCRIPTION = f"PNG, {_PICTURE_SIDE} × {_PICTURE_SIDE}, dark on light, drawn from test images"


@dataclass(frozen=True)
class TimedBlock:
    """A block, and the latencies of its queries."""

    block: Block
    latencies: Histogram


def warm_up(queries: Queries, longest_s: float) -> WarmUp:
    """Send queries until three medians in a row, each of at least 20 ms, lie within 3 %, or ``longest_s`` have passed."""
    start = perf_counter()
    medians: list[float] = []
    asked = 0
    while True:
        samples = queries.timed(0.4 * BLOCK_S)
        asked += len(samples)
        medians.append(median_ns(samples))
        last = medians[-_AGREEING:]
        seconds = perf_counter() - start
        stable = len(last) == _AGREEING and max(last) <= _AGREE * min(last)
        if stable or seconds >= longest_s:
            return WarmUp(asked, seconds, stable)


def stream_block(queries: Queries, anchor: Anchor, began: float, pause_s: float) -> TimedBlock:
    """Time each query of a block; ``began`` is the ``perf_counter`` of the start of the run."""
    start = perf_counter()
    before = anchor.duration_us()
    samples = queries.timed(BLOCK_S, pause_s=pause_s)
    after = anchor.duration_us()
    block = Block(
        start_s=start - began,
        seconds=sum(samples) / 1e9,
        queries=len(samples),
        images=len(samples) * queries.batch,
        p50_us=median_ns(samples) / 1000,
        anchor_us=(before + after) / 2,
    )
    return TimedBlock(block, Histogram.of(samples))


def offline_block(queries: Queries, anchor: Anchor, began: float, count: int) -> Block:
    """Time ``count`` queries as a whole; the block's p50 is the mean of a query, since none is timed alone."""
    start = perf_counter()
    before = anchor.duration_us()
    seconds = queries.back_to_back(count)
    after = anchor.duration_us()
    return Block(start - began, seconds, count, count * queries.batch, 1e6 * seconds / count, (before + after) / 2)


def queries_a_block(queries: Queries) -> int:
    """Return how many queries fill a block, from a short trial."""
    samples = queries.timed(0.2 * BLOCK_S)
    return max(1, round(1e9 * BLOCK_S / median_ns(samples)))


def serve_at(queries: Queries, rate: float, seconds: float, seed: int) -> Server:
    """Run the server scenario at ``rate`` queries per second for ``seconds``, or until p99 has enough samples.

    The gaps are exponential (a Poisson process), drawn with ``seed``.
    """
    count = max(round(rate * seconds), SAMPLES_NEEDED[99])
    samples, taken = _arrivals(queries, rate, count, seed)
    return Server(rate, taken, Histogram.of(samples), None, ())


def highest_rate(queries: Queries, bound_us: float, seconds: float, seed: int) -> Server:
    """Search for the highest rate at which 99 % of the queries are answered within ``bound_us``; 0 if there is none.

    Each trial takes ``seconds``. The search starts at the rate of back-to-back queries. A rate must fail twice, since one
    failure may be a disturbance of the machine.
    """
    capacity = 1e9 / median_ns(queries.timed(0.1, at_least=20))
    low, high = 0.0, capacity
    best = Server(0.0, 0.0, Histogram((), ()), bound_us, ())
    tried: list[tuple[float, bool]] = []
    for trial in range(_TRIALS):
        rate = (low + high) / 2
        if rate < capacity / _LOWEST:
            break
        for attempt in range(2):
            found = serve_at(queries, rate, seconds, seed + 2 * trial + attempt)
            p99 = found.latencies.percentile_us(99)
            held = p99 is not None and p99 <= bound_us
            tried.append((rate, held))
            if held:
                break
        if held:
            low, best = rate, found
        else:
            high = rate
    return Server(best.rate, best.seconds, best.latencies, bound_us, tuple(tried))


def _arrivals(queries: Queries, rate: float, count: int, seed: int) -> tuple[list[int], float]:
    """Answer queries as they arrive; return the ns from arrival to answer of each, and the seconds of all."""
    gaps = np.random.default_rng(seed).exponential(1e9 / rate, count).astype(np.int64).tolist()
    answer, clock = queries.answer, perf_counter_ns
    samples: list[int] = []
    due = began = clock()
    patience = int(_GIVE_UP * sum(gaps)) + 1_000_000_000
    for gap in gaps:
        due += gap
        _wait_until(due, clock)
        answer(queries.next())
        samples.append(clock() - due)
        if samples[-1] > patience:
            break
    return samples, (clock() - began) / 1e9


def _wait_until(due: int, clock: Callable[[], int]) -> None:
    while (left := due - clock()) > 0:
        if left > _SPIN_NS:
            sleep((left - _SPIN_NS) / 1e9)


def time_stages(answer: Answer, images: Images, seconds: float) -> Stages:
    """Time pictures one after another for about ``seconds``, with the files in the system's cache."""
    from digit_infer.image.grey import ONE_DIGIT_SIDE, decode
    from digit_infer.image.plain_look import plain_look

    times: list[tuple[int, int, int, int]] = []
    with _drawn(images) as paths:
        end = perf_counter() + seconds
        while perf_counter() < end or len(times) < _FEWEST_PICTURES:
            path = paths[len(times) % len(paths)]
            began = perf_counter_ns()
            grey = decode(path, ONE_DIGIT_SIDE)
            decoded = perf_counter_ns()
            look = plain_look(grey)
            looked = perf_counter_ns()
            assert look is not None  # noqa: S101  # each shows a digit
            answer(look.whole.image[None])
            answered = perf_counter_ns()
            times.append((decoded - began, looked - decoded, answered - looked, answered - began))
    warm = times[len(times) // 5 :]
    return Stages(DESCRIPTION, *(Histogram.of(stage) for stage in zip(*warm, strict=True)))


@contextmanager
def _drawn(images: Images) -> Iterator[list[Path]]:
    """Write test images as large pictures, dark on light."""
    from PIL import Image

    with TemporaryDirectory(prefix="digit-infer-") as folder:
        paths = []
        for number, image in enumerate(images[:_PICTURES]):
            paths.append(Path(folder) / f"{number}.png")
            Image.fromarray(255 - image).resize((_PICTURE_SIDE, _PICTURE_SIDE), Image.Resampling.BICUBIC).save(paths[-1])
        yield paths
