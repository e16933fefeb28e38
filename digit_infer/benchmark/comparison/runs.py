"""The measurements of a file in one form for all formats: subjects, each with one sample per metric.

Files are records of ``digit-infer bench``, or the JSON of pytest-benchmark: ``--benchmark-json`` and
``--benchmark-save-data`` keep every round's time, in order. They become ten medians of consecutive rounds, since
neighbouring rounds are correlated. ``--benchmark-save`` alone keeps the median and the quartiles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from pathlib import Path
from statistics import median
from typing import Any, Literal, TypeAlias, get_args

from digit_infer.benchmark import record
from digit_infer.benchmark.environment import machine_identity
from digit_infer.benchmark.record import from_document, read_document
from digit_infer.errors import RecordError

Metric = Literal["p50", "p90", "throughput"]
"""The median and the 90th percentile of a query's latency, and images per second."""

METRICS: tuple[Metric, ...] = get_args(Metric)

JUDGED: tuple[Metric, ...] = ("p50", "throughput")
"""The default metrics. p90 is not among them, since it mostly shows the load of other users.

On a shared machine it differed by 2 to 13 % between processes of one network whose medians differed by 0.2 to 1 %.
"""

FEWEST_SAMPLES = 40
"""Of one process, to be judged: ten stretches of four."""


@dataclass(frozen=True)
class Process:
    """One fresh process.

    ``times_us`` has one time per block, of a query, or of an image where the metric is throughput. ``anchors_us`` has the
    time of the anchor workload beside each, and is empty without an anchor. ``warm`` is False if the process did not
    settle.
    """

    times_us: tuple[float, ...]
    anchors_us: tuple[float, ...] = ()
    warm: bool = True


@dataclass(frozen=True)
class Processes:
    """A sample over fresh processes."""

    processes: tuple[Process, ...]


@dataclass(frozen=True)
class Stretches:
    """A sample of one process: the medians of consecutive parts of it, in µs."""

    medians_us: tuple[float, ...]


@dataclass(frozen=True)
class Spread:
    """A sample of which only the median and the interquartile range, in µs, and the number are known."""

    median_us: float
    quartiles_us: float
    samples: int


Sample: TypeAlias = Processes | Stretches | Spread


@dataclass(frozen=True)
class Subject:
    """What was measured; ``facts`` say by name what ran, which may explain a change."""

    samples: Mapping[Metric, Sample]
    facts: Mapping[str, str]


@dataclass(frozen=True)
class Run:
    """One file.

    ``machine`` has the facts that identify a machine, ``settings`` those that must be equal in a comparison, and ``facts``
    those that may differ and are reported. ``subjects`` have the names by which they are paired.
    """

    name: str
    writer: str
    machine: Mapping[str, str]
    settings: Mapping[str, str]
    facts: Mapping[str, str]
    subjects: Mapping[str, Subject]


_MOMENTARY = ("load_average", "memory_available_kb", "memory_kb", "frequency_mhz")
"""Facts that change all the time."""

_STRETCHES = 10
_CPU_FACTS = ("brand_raw", "vendor_id_raw", "family", "model", "stepping", "count", "arch")
_SETTINGS = ("timer", "disable_gc", "warmup")


def run_of_record(measured: record.Record, name: str) -> Run:
    """Make a run of a record; ``name`` is the file's, for messages."""
    machine = machine_identity(measured.environment)
    settings = measured.settings
    return Run(
        name=name,
        writer="digit-infer bench",
        machine=machine,
        settings={"pause": f"{settings.pause_ms:g} ms", "interleaved": "yes" if settings.interleaved else "no"},
        facts={fact: value for fact, value in measured.environment.items() if fact not in {*machine, *_MOMENTARY}},
        subjects={str(row.configuration): _subject(row) for row in measured.rows},
    )


def _subject(row: record.Row) -> Subject:
    """Return the metrics of a row; of ``null`` only latencies, whose absolute limit suits a call of half a microsecond."""
    readers: dict[Metric, Callable[[record.Process], Process | None]] = {"p50": _p50, "p90": _p90}
    if row.configuration.runtime != "null":
        readers["throughput"] = _throughput
    read = {metric: [reader(process) for process in row.processes] for metric, reader in readers.items()}
    found = {metric: tuple(process for process in processes if process) for metric, processes in read.items()}
    return Subject({metric: Processes(processes) for metric, processes in found.items() if processes}, _facts(row))


def _facts(row: record.Row) -> dict[str, str]:
    artefact, accuracy = row.artefact, row.accuracy
    facts = {
        "file's sha256": artefact.sha256,
        "provider": artefact.provider,
        "device": artefact.device,
        "threads": None if artefact.threads is None else str(artefact.threads),
        "accuracy": None if accuracy is None else f"{accuracy.share:.4f}",
    }
    return {fact: value or "" for fact, value in facts.items()}


def _p50(process: record.Process) -> Process | None:
    stream = process.stream
    if stream is None or not stream.blocks:
        return None
    return Process(tuple(block.p50_us for block in stream.blocks), _anchors(stream.blocks), stream.warm_up.stable)


def _p90(process: record.Process) -> Process | None:
    """Return the p90 over all blocks of a process, with the median of their anchors."""
    stream = process.stream
    p90_us = None if stream is None else stream.latencies.percentile_us(90)
    if stream is None or p90_us is None or not stream.blocks:
        return None
    return Process((p90_us,), (median(_anchors(stream.blocks)),), stream.warm_up.stable)


def _throughput(process: record.Process) -> Process | None:
    offline = process.offline
    if offline is None or not offline.blocks:
        return None
    times = tuple(1e6 * block.seconds / block.images if block.images else 0.0 for block in offline.blocks)
    return Process(times, _anchors(offline.blocks), offline.warm_up.stable)


def _anchors(blocks: Sequence[record.Block]) -> tuple[float, ...]:
    return tuple(block.anchor_us for block in blocks)


def run_of_pytest_benchmark(document: Mapping[str, Any], name: str) -> Run:
    """Make a run of pytest-benchmark's JSON; ``name`` is the file's.

    Raises:
        AttributeError, KeyError, TypeError, ValueError: a value is missing or of another type.
    """
    machine, commit = document["machine_info"], document.get("commit_info", {})
    cpu = machine.get("cpu", {})
    identity = {"system": machine["system"], "machine": machine["machine"]}
    identity |= {fact: str(cpu[fact]) for fact in _CPU_FACTS if fact in cpu}
    benchmarks = document["benchmarks"]
    settings = {option: {str(benchmark["options"][option]) for benchmark in benchmarks} for option in _SETTINGS}
    return Run(
        name=name,
        writer="pytest-benchmark",
        machine=identity,
        settings={option: " and ".join(sorted(found)) for option, found in settings.items()},
        facts={
            "commit": f"{commit.get('id', '')}{' with changes' if commit.get('dirty') else ''}",
            "python": f"{machine['python_implementation']} {machine['python_version']}",
            "kernel": f"{machine['system']} {machine['release']}",
            "pytest-benchmark": str(document["version"]),
        },
        subjects={benchmark["fullname"]: Subject({"p50": _sample(benchmark["stats"])}, {}) for benchmark in benchmarks},
    )


def _sample(stats: Mapping[str, Any]) -> Sample:
    """Return the sample in µs; the file has seconds."""
    seconds: Sequence[float] = stats.get("data") or ()
    if len(seconds) >= FEWEST_SAMPLES:
        bounds = [len(seconds) * number // _STRETCHES for number in range(_STRETCHES + 1)]
        return Stretches(tuple(1e6 * median(seconds[start:end]) for start, end in pairwise(bounds)))
    return Spread(1e6 * float(stats["median"]), 1e6 * float(stats["iqr"]), int(stats["rounds"]))


def read_run(path: Path) -> Run:
    """Read a record of ``digit-infer bench``, or the JSON of pytest-benchmark.

    Raises:
        RecordError: the file is missing, damaged, or neither of them.
    """
    document, name = read_document(path), str(path)
    try:
        if {"machine_info", "benchmarks", "version"} <= document.keys():
            run = run_of_pytest_benchmark(document, name)
        else:
            run = run_of_record(from_document(document, name), name)
        for what, subject in run.subjects.items():
            if not all(0 < time < inf for sample in subject.samples.values() for time in _times(sample)):
                raise RecordError(f"{path} holds an impossible time of {what}", "measure again")
    except RecordError:
        raise
    except Exception as error:  # values may be missing, and numbers overflow or contradict each other
        raise RecordError(f"{path} is no complete record ({type(error).__name__}: {error})", "measure again") from error
    return run


def _times(sample: Sample) -> Iterator[float]:
    """Return all times of a sample, and those of the anchor."""
    if isinstance(sample, Processes):
        for process in sample.processes:
            yield from (*process.times_us, *process.anchors_us)
    elif isinstance(sample, Stretches):
        yield from sample.medians_us
    else:
        yield sample.median_us
