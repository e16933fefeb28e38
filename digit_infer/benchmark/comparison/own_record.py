"""Reads a record of ``digit-infer bench`` as a run to compare."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

from digit_infer.benchmark import record
from digit_infer.benchmark.comparison.run import Metric, Process, Processes, Run, Subject
from digit_infer.benchmark.environment import machine_identity

_MOMENTARY = ("load_average", "memory_available_kb", "memory_kb", "frequency_mhz")
"""Facts that differ between any two moments."""


def as_run(measured: record.Record, name: str) -> Run:
    """Turn a record into a run; ``name`` is for messages."""
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
    """Read what a row has; of ``null`` latencies alone, whose absolute limit suits a call of half a microsecond."""
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
    """Return a process's one p90, over all its blocks, beside the median of their anchors."""
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
