"""Measures one session with our harness and LoadGen in turns; runs in the environment that has both.

``python -m bench.peers.loadgen.session MODEL RUNTIME ROUNDS SECONDS SEED`` prints an ``Agreement`` as JSON.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Callable
from dataclasses import asdict
from statistics import median
from time import perf_counter_ns, sleep
from typing import TYPE_CHECKING

import numpy as np

from bench.peers.loadgen import scenarios
from bench.peers.loadgen.record import Agreement, Arrivals, Percentiles, Round, Throughput
from bench.peers.table import OURS_ONNX, OURS_TFLITE
from digit_infer import Predictor
from digit_infer.benchmark.machine import collector_off
from digit_infer.benchmark.scenarios import Queries, serve_at, warm_up
from digit_infer.benchmark.statistics import SAMPLES_NEEDED, Histogram
from digit_infer.dataset import load
from digit_infer.runtimes.model_file import sha256_of

if TYPE_CHECKING:
    from digit_infer.benchmark.scenarios import Answer
    from digit_infer.contract import Images

_SINGLES = 1_024
_BATCH = 256
_LEAST = SAMPLES_NEEDED[99]
"""Least queries per measurement."""

_OTHER_BYTES = 32 * 1024
_LOAD = 0.5
"""Load of the server scenario as a share of the back-to-back rate, and the highest rate in queries per second; above it,
wake-up time dominates.
"""
_MOST_A_SECOND = 2_000.0


def measure(model: str, runtime: str, rounds: int, seconds: float, seed: int) -> Agreement:
    """Measure a model with both, ``rounds`` times for ``seconds``, in a random order per round."""
    ours = OURS_ONNX if runtime == OURS_ONNX.runtime else OURS_TFLITE
    images = load("test").images
    with Predictor(model, runtime=ours.runtime, precision=ours.precision, threads=1) as predictor:
        file = predictor.chosen.file
        assert file is not None
        turns = _Turns(predictor.predict_array, images[:_SINGLES], seconds, random.Random(seed))  # noqa: S311  # an order, not a secret
        found = tuple(turns.round() for _ in range(rounds))
        return Agreement(
            model=model,
            runtime=ours.runtime,
            precision=ours.precision,
            sha256=sha256_of(file.path),
            samples=sum(entry.ours.samples for entry in found),
            rounds=found,
            offline=_offline(predictor.predict_array, images, rounds, seconds),
            server=_server(turns.queries, turns.system, found[0].ours.p50_us, seconds, seed),
        )


class _Turns:
    """All measurements of single queries."""

    def __init__(self, answer: Answer, images: Images, seconds: float, draw: random.Random) -> None:
        self.queries = Queries(answer, images, 1)
        self._answer = answer
        self._singles = [images[index : index + 1] for index in range(len(images))]
        self._seconds = seconds
        self._draw = draw
        self.system = scenarios.System(lambda index: answer(singles[index]), len(images))
        singles = self._singles
        warm_up(self.queries, 1.5)
        self._expected_us = _percentiles(self.queries.timed(0.1, at_least=_LEAST)).p50_us

    def round(self) -> Round:
        """Run each measurement once."""
        measurements: dict[str, Callable[[], Percentiles]] = {
            "ours": self._ours,
            "loadgen": lambda: scenarios.single_stream(self.system, self._seconds, self._expected_us),
            "floor": self._floor,
            "inside": self._inside,
            "cooled": self._cooled,
        }
        order = self._draw.sample(list(measurements), len(measurements))
        found = {name: measurements[name]() for name in order}
        return Round(**found)

    def _ours(self) -> Percentiles:
        with collector_off():
            return _percentiles(self.queries.timed(self._seconds, at_least=_LEAST))

    def _floor(self) -> Percentiles:
        nothing = scenarios.System(lambda _: None, len(self._singles))
        return scenarios.single_stream(nothing, self._seconds / 4, 1.0)

    def _inside(self) -> Percentiles:
        """Time the call in LoadGen's callback."""
        answer, singles, clock = self._answer, self._singles, perf_counter_ns
        samples: list[int] = []

        def ask(index: int) -> None:
            query = singles[index]
            start = clock()
            answer(query)
            samples.append(clock() - start)

        scenarios.single_stream(scenarios.System(ask, len(singles)), self._seconds / 2, self._expected_us)
        return _percentiles(samples)

    def _cooled(self) -> Percentiles:
        """Time queries as ``_ours`` does, reading other memory before each."""
        answer, singles, clock = self._answer, self._singles, perf_counter_ns
        other = np.zeros(_OTHER_BYTES, np.uint8)
        samples: list[int] = []
        stop, end = 0, clock() + int(1e9 * self._seconds / 2)
        with collector_off():
            while stop < end or len(samples) < _LEAST:
                query = singles[len(samples) % len(singles)]
                other.sum()
                start = clock()
                answer(query)
                stop = clock()
                samples.append(stop - start)
        return _percentiles(samples)


def _offline(answer: Answer, images: Images, rounds: int, seconds: float) -> Throughput:
    """Measure throughput; a sample of LoadGen's is a whole batch here, so that neither side gathers images."""
    queries = Queries(answer, images, _BATCH)
    batches = [images[start : start + _BATCH] for start in range(0, 16 * _BATCH, _BATCH)]
    system = scenarios.System(lambda index: answer(batches[index]), len(batches))
    queries.back_to_back(2)
    count = max(3, round(seconds / (queries.back_to_back(3) / 3)))
    ours, loadgen = [], []
    for _ in range(rounds):
        with collector_off():
            ours.append(count * _BATCH / queries.back_to_back(count))
        loadgen.append(_BATCH * scenarios.offline(system, count / seconds, seconds))
    return Throughput(_BATCH, tuple(ours), tuple(loadgen))


def _server(queries: Queries, system: scenarios.System, p50_us: float, seconds: float, seed: int) -> Arrivals:
    rate = min(_LOAD * 1e6 / p50_us, _MOST_A_SECOND)
    with collector_off():
        ours = _of(serve_at(queries, rate, seconds, seed).latencies)
    return Arrivals(rate, _late_us(), ours, scenarios.server(system, rate, seconds, seed))


def _late_us() -> float:
    """Return the median delay of 100 sleeps of 1 ms."""
    late = []
    for _ in range(100):
        start = perf_counter_ns()
        sleep(0.001)
        late.append((perf_counter_ns() - start) / 1000 - 1000)
    return median(late)


def _percentiles(samples: list[int]) -> Percentiles:
    return _of(Histogram.of(samples))


def _of(histogram: Histogram) -> Percentiles:
    """Return the percentiles; every measurement here has enough samples for p90."""
    p50, p90, p99 = (histogram.percentile_us(percent) for percent in (50, 90, 99))
    assert p50 is not None
    assert p90 is not None
    return Percentiles(histogram.samples, p50, p90, p99)


def main() -> None:
    """Measure what the arguments name, and print JSON; libraries' output goes to stderr."""
    model, runtime, rounds, seconds, seed = sys.argv[1:]
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    json.dump(asdict(measure(model, runtime, int(rounds), float(seconds), int(seed))), replies)
    replies.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
