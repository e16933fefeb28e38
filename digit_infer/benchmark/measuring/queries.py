"""Queries of test images in sequence: the loops behind accuracy, latency and throughput."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from time import perf_counter_ns, sleep
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.contract import Images, Probabilities
    from digit_infer.runtimes.protocol import TimingSession

    Answer: TypeAlias = Callable[[Images], Probabilities]
    """uint8 [N, 28, 28] -> float32 [N, 10]"""

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
    parts = [answer(part).argmax(axis=1).astype(np.uint8) for part in _parts(images)]
    return np.concatenate(parts)


def _parts(images: Images) -> Iterator[Images]:
    return (images[start : start + ACCURACY_BATCH] for start in range(0, len(images), ACCURACY_BATCH))


def median_ns(samples: Sequence[int]) -> float:
    """Return the upper median."""
    return float(sorted(samples)[len(samples) // 2])
