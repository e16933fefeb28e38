"""LoadGen's scenarios in performance mode, through its Python bindings (PyPI ``mlcommons-loadgen``).

Behaviour of 6.0.17, from its source and experiments: LoadGen issues a query from the thread that called ``StartTest``, and
its clock runs from before the callback until ``QuerySamplesComplete``, so there is no switch between threads. The ``Fast``
system takes lists of numbers instead of objects, which saves half a microsecond per query. Queries are planned before a
test starts, from the expected latency and the duration; if that latency is too long, they run out. Samples are drawn at
random. One thread of LoadGen's writes the log meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import mlperf_loadgen

from bench.peers.loadgen.record import Percentiles
from digit_infer.benchmark.machine import collector_off
from digit_infer.benchmark.statistics import SAMPLES_NEEDED
from digit_infer.errors import MeasurementError

Issue: TypeAlias = Callable[[list[int], list[int]], None]
"""LoadGen's callback: the ids of the responses, and the indices of the samples."""

_LOG = "mlperf_log_detail.txt"
_LINE = ":::MLLOG "


@dataclass(frozen=True)
class System:
    """A system under test: ``ask(index)`` answers one of ``samples`` queries."""

    ask: Callable[[int], object]
    samples: int


def single_stream(system: System, seconds: float, expected_us: float) -> Percentiles:
    """Send queries one after another; half the expected latency is planned for, so that queries do not run out."""
    settings = _settings("SingleStream", seconds)
    settings.single_stream_expected_latency_ns = max(100, round(500 * expected_us))
    return _percentiles(_run(system, settings))


def server(system: System, rate: float, seconds: float, seed: int) -> Percentiles:
    """Send queries at ``rate`` per second (Poisson); latencies count from when each was due."""
    settings = _settings("Server", seconds)
    settings.server_target_qps = rate
    settings.server_target_latency_ns = 10**9
    settings.schedule_rng_seed = seed
    return _percentiles(_run(system, settings))


def offline(system: System, rate: float, seconds: float) -> float:
    """Send all samples at once, enough for the time at ``rate`` per second; return the samples per second.

    LoadGen rejects a test that ends early, so half the time is requested at twice the rate.
    """
    settings = _settings("Offline", seconds / 2)
    settings.offline_expected_qps = 2 * rate
    return float(_run(system, settings)["result_samples_per_second"])


def _settings(scenario: str, seconds: float) -> Any:
    settings = mlperf_loadgen.TestSettings()
    settings.scenario = getattr(mlperf_loadgen.TestScenario, scenario)
    settings.mode = mlperf_loadgen.TestMode.PerformanceOnly
    settings.min_duration_ms = round(1000 * seconds)
    settings.min_query_count = 1 if scenario == "Offline" else SAMPLES_NEEDED[99]
    return settings


def _run(system: System, settings: Any) -> dict[str, Any]:
    """Run a test and return LoadGen's log by key.

    Raises:
        MeasurementError: there is no log, or LoadGen rejects the test.
    """
    answered, completed, ask = mlperf_loadgen.QuerySampleResponse, mlperf_loadgen.QuerySamplesComplete, system.ask

    def issue(numbers: list[int], indices: list[int]) -> None:
        for number, index in zip(numbers, indices, strict=True):
            ask(index)
            completed([answered(number, 0, 0)])

    with _constructed(issue, system.samples) as (sut, library), TemporaryDirectory(prefix="digit-infer-") as folder:
        with collector_off():
            mlperf_loadgen.StartTestWithLogSettings(sut, library, settings, _log_settings(folder))
        results = _results(Path(folder, _LOG))
    if results.get("result_validity") != "VALID":
        raise MeasurementError(f"LoadGen calls its own test of {settings.scenario.name} invalid", "give it more seconds")
    return results


def _results(log: Path) -> dict[str, Any]:
    """Read LoadGen's log by key; its lines are JSON after a prefix.

    Raises:
        MeasurementError: the log is missing or unreadable.
    """
    try:
        lines = log.read_text(encoding="utf-8").splitlines()
        entries = [json.loads(line.removeprefix(_LINE)) for line in lines if line.startswith(_LINE)]
        return {entry["key"]: entry["value"] for entry in entries}
    except (OSError, ValueError, KeyError) as error:
        raise MeasurementError(
            f"LoadGen left no log that can be read ({error!r})", "look at the version installed"
        ) from error


@contextmanager
def _constructed(issue: Issue, samples: int) -> Iterator[tuple[int, int]]:
    sut = mlperf_loadgen.ConstructFastSUT(issue, lambda: None)
    library = mlperf_loadgen.ConstructQSL(samples, samples, lambda _: None, lambda _: None)
    try:
        yield sut, library
    finally:
        mlperf_loadgen.DestroyQSL(library)
        mlperf_loadgen.DestroyFastSUT(sut)


def _log_settings(folder: str) -> Any:
    """Write to a folder only, and no trace, which would cost 100 bytes per query."""
    output = mlperf_loadgen.LogOutputSettings()
    output.outdir = folder
    output.copy_summary_to_stdout = False
    settings = mlperf_loadgen.LogSettings()
    settings.log_output = output
    settings.enable_trace = False
    return settings


def _percentiles(results: Mapping[str, Any]) -> Percentiles:
    """Return LoadGen's percentiles over all queries."""
    p50, p90, p99 = (results[f"result_{percent}.00_percentile_latency_ns"] / 1000 for percent in (50, 90, 99))
    return Percentiles(results["result_query_count"], p50, p90, p99)
