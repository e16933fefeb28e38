"""Summaries of rows: medians and percentiles over processes, their names, and how reliable they are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from digit_infer import zoo
from digit_infer.benchmark.record import Machine, Record, Row
from digit_infer.benchmark.statistics import Histogram

STEADY = 0.10
"""A row is steady where the times of its anchor workload vary by no more than this share of their median."""


@dataclass(frozen=True)
class Latency:
    """Of one query, in µs; a percentile is None for too few samples."""

    samples: int
    p50_us: float | None
    p90_us: float | None
    p99_us: float | None
    p999_us: float | None


@dataclass(frozen=True)
class StageTimes:
    """Medians in µs from a picture's file to its digit."""

    samples: int
    decode_us: float
    normalize_us: float
    infer_us: float
    total_us: float


@dataclass(frozen=True)
class Summary:
    """One row in numbers; None where a value was not measured, or has too few samples.

    ``floor_us`` is the median of ``null`` at the same batch in the same run: the overhead of measuring. ``gflops`` counts
    two operations per multiply-add, at the measured throughput; ``machine_share`` is their share of the float32 matrix
    product with the same number of threads. ``drift`` is the range of 90 % of the anchor's times in this row, as a share of
    their median, and ``steady`` whether it is at most ``STEADY``.
    """

    row: Row
    latency: Latency | None
    images_per_second: float | None
    server: Latency | None
    server_rate: float | None
    cold_ms: float
    load_ms: float
    first_us: float
    peak_memory_bytes: int | None
    stages: StageTimes | None
    floor_us: float | None
    gflops: float | None
    machine_share: float | None
    drift: float
    steady: bool
    warmed_up: bool


def summaries(record: Record) -> list[Summary]:
    """Summarise every row of a run, in its order."""
    floors = {
        row.configuration.batch: latency.p50_us
        for row in record.rows
        if row.configuration.runtime == "null" and (latency := latency_of([stream_latencies(row)])) is not None
    }
    return [_summary(row, record.machine, floors.get(row.configuration.batch)) for row in record.rows]


def stream_latencies(row: Row) -> Histogram:
    """Return the timed queries of all processes of a row; empty where none were timed."""
    return Histogram.merged(process.stream.latencies for process in row.processes if process.stream is not None)


def latency_of(histograms: Iterable[Histogram]) -> Latency | None:
    """Merge histograms and take percentiles; None where there are no samples."""
    merged = Histogram.merged(histograms)
    if not merged.samples:
        return None
    return Latency(merged.samples, *(merged.percentile_us(percent) for percent in (50, 90, 99, 99.9)))


def _summary(row: Row, machine: Machine, floor_us: float | None) -> Summary:
    processes = row.processes
    throughput = images_per_second(row)
    adds = row.artefact.multiply_adds
    gflops = None if throughput is None or adds is None else 2 * adds * throughput / 1e9
    peak = machine.matrix_product_gflops.get(str(row.artefact.threads or 1))
    memory = [process.peak_memory_bytes for process in processes if process.peak_memory_bytes is not None]
    drift = _drift(row)
    servers = [process.server for process in processes if process.server is not None]
    return Summary(
        row=row,
        latency=latency_of([stream_latencies(row)]),
        images_per_second=throughput,
        server=latency_of(server.latencies for server in servers),
        server_rate=median(server.rate for server in servers) if servers else None,
        cold_ms=median(process.cold_ms for process in processes),
        load_ms=median(process.load_ms for process in processes),
        first_us=median(process.first_us for process in processes),
        peak_memory_bytes=int(median(memory)) if memory else None,
        stages=_stages(row),
        floor_us=floor_us,
        gflops=gflops,
        machine_share=None if gflops is None or not peak else gflops / peak,
        drift=drift,
        steady=drift <= STEADY,
        warmed_up=all(part.warm_up.stable for process in processes for part in (process.stream, process.offline) if part),
    )


def images_per_second(row: Row) -> float | None:
    """Return the median of the blocks' images a second."""
    rates = [
        block.images / block.seconds for process in row.processes if process.offline for block in process.offline.blocks
    ]
    return median(rates) if rates else None


def _stages(row: Row) -> StageTimes | None:
    found = [process.stages for process in row.processes if process.stages is not None]
    if not found:
        return None
    merged = [
        Histogram.merged(getattr(stages, name) for stages in found) for name in ("decode", "normalize", "infer", "total")
    ]
    medians = [part.percentile_us(50) or 0.0 for part in merged]
    return StageTimes(merged[-1].samples, *medians)


def _drift(row: Row) -> float:
    anchors = sorted(block.anchor_us for block in row.blocks())
    if not anchors:
        return 0.0
    low, high = (anchors[round(share * (len(anchors) - 1))] for share in (0.05, 0.95))
    return (high - low) / median(anchors)


PARTS = ("model", "runtime", "precision", "threads", "batch")


def is_null(summary: Summary) -> bool:
    """Return whether a row measures ``null``, the overhead of measuring."""
    return summary.row.configuration.runtime == "null"


def model_of(summary: Summary) -> str:
    """Return the name of a model; of a path, its last part."""
    model = summary.row.configuration.model
    return Path(model).name if model and zoo.is_path(model) else model


def name_of(summary: Summary) -> str:
    """Return a row's name in words: lenet5_v2 on tflite in int8 with 2 threads."""
    configuration, artefact = summary.row.configuration, summary.row.artefact
    model = f"{model_of(summary)} on " if model_of(summary) else ""
    precision = f" in {artefact.precision}" if artefact.precision else ""
    return f"{model}{configuration.runtime}{precision}{_threads(summary, ' with ')}"


def short_names(summaries: Sequence[Summary], without: Collection[str] = ()) -> list[str]:
    """Return a label for each row, with the parts that differ between these rows."""
    parts = [_parts(summary) for summary in summaries]
    kept = [name for name in PARTS if name not in without]
    differing = [name for name in kept if len({part[name] for part in parts}) > 1] or kept[:3]
    return [" ".join(filter(None, (part[name] for name in differing))) for part in parts]


def _parts(summary: Summary) -> dict[str, str]:
    configuration, artefact = summary.row.configuration, summary.row.artefact
    return {
        "model": model_of(summary),
        "runtime": configuration.runtime,
        "precision": artefact.precision or "",
        "threads": _threads(summary, ""),
        "batch": f"×{configuration.batch}",
    }


def _threads(summary: Summary, before: str) -> str:
    threads = summary.row.artefact.threads
    return "" if threads is None else f"{before}{threads} thread{'' if threads == 1 else 's'}"


def is_sound(summary: Summary) -> bool:
    """Return whether a row was measured on a quiet machine, after a warm-up that settled."""
    return summary.steady and summary.warmed_up


def remarks(summary: Summary) -> tuple[str, ...]:
    """Return what limits the reliability of a row, the most serious first."""
    found = [
        *([] if summary.steady else [f"noisy machine (drift over {100 * STEADY:g} %)"]),
        *([] if summary.warmed_up else ["did not settle in the warm-up"]),
        *_too_few(summary),
    ]
    return tuple(found)


def common_remarks(summaries: Sequence[Summary]) -> tuple[str, ...]:
    """Return the remarks that all of several rows share."""
    if len(summaries) < 2:
        return ()
    return tuple(remark for remark in remarks(summaries[0]) if all(remark in remarks(other) for other in summaries))


def _too_few(summary: Summary) -> Iterator[str]:
    """Yield the lowest percentile with too few samples; higher ones have too few as well."""
    latency = summary.latency
    if latency is not None:
        values = {"p50": latency.p50_us, "p90": latency.p90_us, "p99": latency.p99_us, "p99.9": latency.p999_us}
        yield from [f"too few samples for {name}" for name, value in values.items() if value is None][:1]
    if summary.server is not None and summary.server.p99_us is None:
        yield "too few samples for the server's p99"
