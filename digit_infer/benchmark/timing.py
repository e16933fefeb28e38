"""How long answers take: single calls for latency, back-to-back calls for throughput.

Times are from ``time.perf_counter_ns`` around the call alone, with the garbage collector off, on images of the test set in
turn, after a warm-up.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter, perf_counter_ns
from typing import TYPE_CHECKING

from digit_infer.benchmark.statistics import percentile

if TYPE_CHECKING:
    from digit_infer.contract import Images, Probabilities

    Answer = Callable[[Images], Probabilities]

_WARM_UP_SHARE = 0.2
_LEAST_CALLS = 64
"""So many calls are made even where the time is up, so that p90 can be told."""


@dataclass(frozen=True)
class Latency:
    """Microseconds of single calls at batch 1; a percentile is None where the samples are too few to tell it."""

    samples: int
    p50_us: float | None
    p90_us: float | None
    p99_us: float | None


@dataclass(frozen=True)
class Throughput:
    """Images a second at one batch size, over ``images`` images in calls that follow one another."""

    batch: int
    images: int
    images_per_second: float


def latency(answer: Answer, images: Images, seconds: float) -> Latency:
    """Time single images one after another for about ``seconds``: uint8 [N, 28, 28], taken in turn."""
    singles = [images[index : index + 1] for index in range(len(images))]
    _warm_up(answer, singles, seconds)
    samples: list[int] = []
    with _collector_off():
        end = perf_counter() + seconds
        while perf_counter() < end or len(samples) < _LEAST_CALLS:
            image = singles[len(samples) % len(singles)]
            start = perf_counter_ns()
            answer(image)
            samples.append(perf_counter_ns() - start)
    microseconds = [sample / 1000 for sample in sorted(samples)]
    return Latency(len(samples), *(percentile(microseconds, percent) for percent in (50, 90, 99)))


def throughput(answer: Answer, images: Images, batch: int, seconds: float) -> Throughput:
    """Answer batches one after another for about ``seconds``; a batch larger than N repeats images."""
    repeats = -(-batch // len(images))
    pool = images if repeats == 1 else images.repeat(repeats, axis=0)
    batches = [pool[start : start + batch] for start in range(0, len(pool) - batch + 1, batch)]
    _warm_up(answer, batches, seconds)
    done = 0
    with _collector_off():
        start = perf_counter()
        while (elapsed := perf_counter() - start) < seconds or done == 0:
            answer(batches[done % len(batches)])
            done += 1
        elapsed = perf_counter() - start
    return Throughput(batch, done * batch, done * batch / elapsed)


def _warm_up(answer: Answer, batches: list[Images], seconds: float) -> None:
    """Let caches, clocks and thread pools settle: a fifth of the time, and two calls at least."""
    end = perf_counter() + _WARM_UP_SHARE * seconds
    calls = 0
    while perf_counter() < end or calls < 2:
        answer(batches[calls % len(batches)])
        calls += 1


@contextmanager
def _collector_off() -> Iterator[None]:
    was_on = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
