"""A process that measures a predictor into which a slowdown was planted: ``python -m bench.slowed FACTOR``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import partial
from math import inf
from statistics import median
from time import perf_counter_ns
from typing import Any, TypeVar

from bench.bare import some_images
from digit_infer.benchmark.measuring.worker import System, open_predictor, serve

Given = TypeVar("Given")
Answered = TypeVar("Answered")

_TRIALS = 2_000


def slowed(answer: Callable[[Given], Answered], factor: float, given: Given) -> Callable[[Given], Answered]:
    """Return a call that keeps the processor busy for ``factor`` times as long as ``answer`` takes, each time.

    What the delay itself costs, clocks and a frame of Python, is timed on ``given`` and counts as a part of it.
    """
    return _delayed(answer, factor, _cost_ns(answer, given))


def _delayed(answer: Callable[[Given], Answered], factor: float, cost_ns: float) -> Callable[[Given], Answered]:
    def call(given: Given) -> Answered:
        start = perf_counter_ns()
        answered = answer(given)
        end = start + factor * (perf_counter_ns() - start) - cost_ns
        while perf_counter_ns() < end:
            pass
        return answered

    return call


def _cost_ns(answer: Callable[[Given], object], given: Given) -> float:
    """Return by how much a delay of nothing makes a call longer, from calls in turns."""
    delayed = _delayed(answer, 1.0, inf)
    times: dict[Callable[[Given], object], list[int]] = {answer: [], delayed: []}
    for _ in range(_TRIALS):
        for call, taken in times.items():
            start = perf_counter_ns()
            call(given)
            taken.append(perf_counter_ns() - start)
    return median(times[delayed]) - median(times[answer])


def open_slowed(request: Mapping[str, Any], factor: float) -> System:
    """Open what a request names, and slow it down."""
    system = open_predictor(request)
    return System(slowed(system.answer, factor, some_images(request["batch"])), system.artefact)


if __name__ == "__main__":
    serve(partial(open_slowed, factor=float(sys.argv[1])))
