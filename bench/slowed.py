"""A measuring process with an injected slowdown: ``python -m bench.slowed FACTOR``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from statistics import median
from time import perf_counter_ns
from typing import Any, TypeVar

import numpy as np

from bench.bare import some_images
from digit_infer.benchmark.worker import System, open_predictor, serve

Given = TypeVar("Given")
Answered = TypeVar("Answered")

_QUERIES = 512
_CORRECTIONS = 3


def slowed(answer: Callable[[Given], Answered], factor: float, queries: Sequence[Given]) -> Callable[[Given], Answered]:
    """Return a call that takes ``factor`` times as long as ``answer``, by busy waiting.

    The overhead of the delay itself, clock readings and a Python frame, is measured over ``queries`` and subtracted.
    """
    cost_ns = 0.0
    for _ in range(_CORRECTIONS):
        plain_ns, delayed_ns = _medians_ns((answer, _delayed(answer, factor, cost_ns)), queries)
        cost_ns += delayed_ns - factor * plain_ns
    return _delayed(answer, factor, cost_ns)


def _delayed(answer: Callable[[Given], Answered], factor: float, cost_ns: float) -> Callable[[Given], Answered]:
    def call(given: Given) -> Answered:
        start = perf_counter_ns()
        answered = answer(given)
        end = start + factor * (perf_counter_ns() - start) - cost_ns
        while perf_counter_ns() < end:
            pass
        return answered

    return call


def _medians_ns(calls: Sequence[Callable[[Given], object]], queries: Sequence[Given]) -> list[float]:
    """Return the median duration of each call, in ns."""
    times: list[list[int]] = [[] for _ in calls]
    for query in queries:
        for call, taken in zip(calls, times, strict=True):
            start = perf_counter_ns()
            call(query)
            taken.append(perf_counter_ns() - start)
    return [median(taken) for taken in times]


def open_slowed(request: Mapping[str, Any], factor: float) -> System:
    """Open the requested model, slowed down."""
    system = open_predictor(request)
    batch = request["batch"]
    queries = np.split(some_images(_QUERIES * batch), _QUERIES)
    return System(slowed(system.answer, factor, queries), system.artefact)


if __name__ == "__main__":
    serve(partial(open_slowed, factor=float(sys.argv[1])))
