"""The page: its sections in order, each from one record, or a line that says which command makes that record."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from bench.document.benchmarks import (
    agreement,
    auto,
    beside,
    cold_start,
    folder,
    machines,
    networks,
    overhead,
    planted,
    settings,
    throughput,
)
from training.report.page import document, paragraph

RESULTS = Path(__file__).parents[2] / "results"


@dataclass(frozen=True)
class Section:
    """A heading, the record that its text comes from, and the command that makes the record."""

    heading: str
    record: str
    command: str
    write: Callable[[Path], Iterable[str]]

    def parts(self, results: Path) -> Iterable[str]:
        """Return the section's parts.

        Raises:
            RecordError: the record is damaged or of another schema.
        """
        yield f"## {self.heading}"
        path = results / self.record
        if path.exists():
            yield from self.write(path)
        else:
            yield f"Nothing is recorded yet in `bench/results/{self.record}`: `{self.command}`."


SECTIONS = (
    Section("What `Predictor.predict_array` adds", "predict_array.json", "python -m bench overhead", overhead.section),
    Section("The same picture, asked by hand", "peers.json", "python -m bench peers calls", beside.section),
    Section("Agreement with MLPerf LoadGen", "loadgen.json", "python -m bench peers loadgen", agreement.section),
    Section(
        "Agreement with benchmark_app and with bare loops",
        "benchmark_app.json",
        "python -m bench peers benchmark-app",
        throughput.section,
    ),
    Section("Planted slowdowns", "planted.json", "python -m bench planted", planted.section),
    Section("Cold start", "cold_start.json", "python -m bench cold-start", cold_start.section),
    Section("A folder of pictures", "folder.json", "python -m bench folder", folder.section),
    Section("Defaults", "defaults.json", "python -m bench defaults", settings.section),
    Section(
        "What `auto` chooses between",
        "auto.json",
        "digit-infer bench --runtime onnx-cpu --runtime keras --save bench/results/auto.json",
        auto.section,
    ),
    Section(
        "Every network",
        "zoo.json",
        "digit-infer bench --model all --save bench/results/zoo.json",
        networks.section,
    ),
    Section(
        "On a GPU",
        "gpu.json",
        "digit-infer bench --model all --runtime onnx-gpu --save bench/results/gpu.json",
        networks.section,
    ),
)


def benchmarks_page(results: Path = RESULTS) -> str:
    """Return ``docs/benchmarks.md`` from the records in a folder.

    Raises:
        RecordError: a record is damaged or of another schema.
    """
    recorded = [section.record for section in SECTIONS if (results / section.record).exists()]
    parts = [part for section in SECTIONS for part in section.parts(results)]
    return document(["# Benchmarks", _introduction(), *parts, "## The machines", *machines.section(results, recorded)])


def _introduction() -> str:
    return paragraph("""`python -m bench.document` writes this page from the records in `bench/results`; no number on it is
        typed. Times are medians of `time.perf_counter_ns` around a call, with the garbage collector off, after a warm-up
        that ends when medians stop moving; what is compared was run in turns, so that a machine that slows down slows
        both. One thread, unless a line says otherwise. Intervals are bootstrap intervals of a median, at 95 %.""")
