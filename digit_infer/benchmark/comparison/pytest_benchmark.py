"""Reads what pytest-benchmark wrote as a run to compare.

``--benchmark-json`` and ``--benchmark-save-data`` keep every round's time, in order: ten stretches of neighbours stand for
the sample, since rounds that follow one another are alike and would promise too much one by one. ``--benchmark-save`` alone
keeps the median and the quartiles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import median
from typing import Any

from digit_infer.benchmark.comparison.judgement import FEWEST_SAMPLES
from digit_infer.benchmark.comparison.run import Run, Sample, Spread, Stretches, Subject
from digit_infer.errors import RecordError

_STRETCHES = 10
_IDENTITY = ("brand_raw", "vendor_id_raw", "family", "model", "stepping", "count", "arch")
_SETTINGS = ("timer", "disable_gc", "warmup")


def is_pytest_benchmark(document: Mapping[str, Any]) -> bool:
    """Say whether a JSON object is one that pytest-benchmark writes."""
    return {"machine_info", "benchmarks", "version"} <= document.keys()


def as_run(document: Mapping[str, Any], name: str) -> Run:
    """Turn a document into a run; ``name`` is for messages.

    Raises:
        RecordError: something is missing or of another kind.
    """
    try:
        return _run(document, name)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RecordError(
            f"{name} is no whole file of pytest-benchmark ({type(error).__name__}: {error})", "measure again"
        ) from error


def _run(document: Mapping[str, Any], name: str) -> Run:
    machine, commit = document["machine_info"], document.get("commit_info", {})
    cpu = machine.get("cpu", {})
    identity = {"system": machine["system"], "machine": machine["machine"]}
    identity |= {fact: str(cpu[fact]) for fact in _IDENTITY if fact in cpu}
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
        subjects={benchmark["fullname"]: _subject(benchmark["stats"]) for benchmark in benchmarks},
    )


def _subject(stats: Mapping[str, Any]) -> Subject:
    return Subject({"p50": _sample(stats)}, {})


def _sample(stats: Mapping[str, Any]) -> Sample:
    """Return the sample in µs; the file has seconds."""
    seconds: Sequence[float] = stats.get("data") or ()
    if len(seconds) >= FEWEST_SAMPLES:
        bounds = [len(seconds) * number // _STRETCHES for number in range(_STRETCHES + 1)]
        return Stretches(tuple(1e6 * median(seconds[start:end]) for start, end in pairwise(bounds)))
    return Spread(1e6 * float(stats["median"]), 1e6 * float(stats["iqr"]), int(stats["rounds"]))
