"""The names of rows, and the remarks on their reliability."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from digit_infer import zoo
from digit_infer.benchmark.summary import STEADY, Summary

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
