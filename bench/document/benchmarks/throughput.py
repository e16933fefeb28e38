"""Throughput by ours, beside OpenVINO's benchmark_app and bare loops."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.document.benchmarks.wording import percent, us, verdict
from bench.peers.stored import read_results
from bench.peers.throughput import BAR, By, Throughput
from training.report.page import paragraph, table

_WORDS: Mapping[By, str] = {
    "benchmark_app": "OpenVINO by benchmark_app",
    "onnxruntime_run": "ONNX Runtime by a bare loop",
    "litert_invoke": "LiteRT by a bare loop",
}


def section(path: Path) -> Iterator[str]:
    """Return text and a table for each who measured."""
    found = list(read_results(path, Throughput).values())
    yield paragraph("""Two ways to count the same calls: images a second of the same file, a run of theirs and a run of
        ours in turns, each in a fresh process. benchmark_app runs synchronously with one stream and one thread at the
        file's precision, on one input that is filled once, and ours asks the same compiled model in the same way. The
        bare loop is a `for` around the runtime's call and a look at `time.time()` now and then; ours asks the same
        call. A cell has ours, theirs, and by how much ours lies above theirs once the floor of benchmark_app is taken
        off, the median over runs. benchmark_app's median latency, which it rounds to 0.01 ms, stands beside the median
        of ours at one picture.""")
    for by, words in _WORDS.items():
        entries = [entry for entry in found if entry.by == by]
        if entries:
            yield from _table(words, by, entries)
    yield _verdict(found)
    yield from _floor(found)


def _table(words: str, by: By, entries: list[Throughput]) -> Iterator[str]:
    batches = sorted({entry.batch for entry in entries})
    cells = {(entry.model, entry.batch): entry for entry in entries}
    latency = ["latency, µs:"] if by == "benchmark_app" else []
    yield f"{words}:"
    yield table(
        ["network", *(f"batch {batch:,}:" for batch in batches), *latency],
        (
            [
                model,
                *(_cell(cells[model, batch]) for batch in batches),
                *([_latency(cells[model, batches[0]])] if latency else []),
            ]
            for model in dict.fromkeys(entry.model for entry in entries)
        ),
    )


def _cell(entry: Throughput) -> str:
    return f"{entry.ours_median():,.0f} / {entry.theirs_median():,.0f}, {percent(entry.difference())}"


def _latency(entry: Throughput) -> str:
    theirs = [run.latency_ms for run in entry.theirs if run.latency_ms is not None]
    return f"{us(entry.ours_p50_us)} / {us(1000 * sorted(theirs)[len(theirs) // 2])}"


def _verdict(found: list[Throughput]) -> str:
    shares = {f"{entry.model} by {entry.by} at batch {entry.batch:,}": entry.difference() for entry in found}
    broken = {
        name: f"{percent(share)}, {entry.around_us():+.2f} µs a call"
        for (name, share), entry in zip(shares.items(), found, strict=True)
        if abs(share) > BAR
    }
    return verdict(f"Throughput within {100 * BAR:g} %", shares, broken)


def _floor(found: list[Throughput]) -> Iterator[str]:
    """Say what benchmark_app's own loop costs, and what of that can be seen around the smallest network."""
    app = [entry for entry in found if entry.by == "benchmark_app" and entry.batch == 1]
    if app:
        fastest = max(app, key=Throughput.ours_median)
        yield paragraph(f"""benchmark_app's loop reads a clock, asks the request for its latency and appends that to a
        list after every call, and its throughput holds that: {fastest.floor_us:.2f} µs around a request that does
        nothing, which is the floor, and {fastest.around_us():+.2f} µs around {fastest.model}, the fastest here.""")
