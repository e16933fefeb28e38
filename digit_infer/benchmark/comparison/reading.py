"""Reads either kind of file."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from pathlib import Path

from digit_infer.benchmark import record
from digit_infer.benchmark.comparison import own_record, pytest_benchmark
from digit_infer.benchmark.comparison.run import Processes, Run, Sample, Stretches
from digit_infer.errors import RecordError


def read_run(path: Path) -> Run:
    """Read a record of ``digit-infer bench``, or the JSON of pytest-benchmark.

    Raises:
        RecordError: the file is missing or damaged, or neither of them.
    """
    document = record.read_document(path)
    if pytest_benchmark.is_pytest_benchmark(document):
        run = pytest_benchmark.as_run(document, str(path))
    else:
        run = own_record.as_run(record.from_document(document, str(path)), str(path))
    for name, subject in run.subjects.items():
        if not all(0 < time < inf for sample in subject.samples.values() for time in _times(sample)):
            raise RecordError(f"{path} holds a time that cannot be, of {name}", "measure again")
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
