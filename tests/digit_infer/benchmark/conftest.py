import random

import pytest

from digit_infer.benchmark.configuration import Configuration
from digit_infer.benchmark.record import (
    Artefact,
    Block,
    Machine,
    Offline,
    Process,
    Record,
    Row,
    Settings,
    Stages,
    Stream,
    WarmUp,
)
from digit_infer.benchmark.statistics import Histogram
from digit_infer.zoo.manifest import Accuracy

WARM = WarmUp(queries=60, seconds=0.2, stable=True)


def made_process(rng, position, configuration, p50_us, *, blocks=5, noise=0.01, anchor_us=50.0):
    """A process whose queries take ``p50_us``, give or take, on a machine whose anchor takes ``anchor_us``."""
    batch = configuration.batch
    offset = rng.gauss(1, noise)
    streamed, offline, samples = [], [], []
    for number in range(blocks):
        times = [p50_us * offset * abs(rng.gauss(1, 0.05)) for _ in range(200)]
        samples += [round(1000 * time) for time in times]
        middle = sorted(times)[100]
        anchor = anchor_us * rng.gauss(1, noise)
        streamed.append(Block(number * 0.1, sum(times) / 1e6, 200, 200 * batch, middle, anchor))
        offline.append(Block(1 + number * 0.1, 200 * middle / 1e6, 200, 200 * batch, middle, anchor))
    histogram = Histogram.of(samples)
    return Process(
        position=position,
        start_s=2.0 * position,
        cold_ms=250.0,
        load_ms=12.0,
        first_us=3 * p50_us,
        peak_memory_bytes=80_000_000,
        stream=Stream("single-stream" if batch == 1 else "multi-stream", WARM, tuple(streamed), histogram),
        offline=Offline(WARM, tuple(offline)),
        server=None,
        stages=Stages("28 x 28 PNG", histogram, histogram, histogram, histogram) if batch == 1 else None,
    )


def made_row(rng, configuration, p50_us, *, processes=5, **rest):
    null = configuration.runtime == "null"
    return Row(
        configuration=configuration,
        artefact=Artefact(
            file=None if null else f"{configuration.model}.{configuration.precision}.onnx",
            format=None if null else "onnx",
            precision=configuration.precision,
            bytes=0 if null else 1_000_000,
            sha256=None if null else "ab" * 32,
            parameters=None if null else 276_438,
            multiply_adds=None if null else 5_000_000,
            provider="nothing" if null else "CPUExecutionProvider",
            device=None,
            placement=None,
            threads=configuration.threads,
        ),
        accuracy=None if null else Accuracy(9964, 10_000, 0.9950, 0.9974),
        flips=None if null else 0,
        processes=tuple(made_process(rng, position, configuration, p50_us, **rest) for position in range(processes)),
    )


@pytest.fixture
def made_record():
    """Return what makes a record: p50 in µs by (model, runtime, precision, threads, batch)."""

    def make(times, *, seed=0, environment=None, **rest):
        rng = random.Random(seed)  # noqa: S311  # nothing secret
        rows = [made_row(rng, Configuration(*key), p50_us, **rest) for key, p50_us in times.items()]
        return Record(
            environment=environment or {"cpu": "Some CPU", "cores_visible": "2", "python": "CPython 3.11.7"},
            settings=Settings(1.0, 5, 0, ("single-stream", "offline"), 90, None, 0.0, False, None, None),
            machine=Machine(1.0, 40.0, {"1": 100.0, "2": 180.0}, (50.0, 50.5, 49.8)),
            rows=tuple(rows),
            skipped=(),
        )

    return make
