"""What ``runtime="auto"`` chooses between where a file can be read by two: ONNX Runtime and Keras, by batch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench.document.benchmarks.wording import verdict
from digit_infer.benchmark.record_file import read_record
from digit_infer.benchmark.summary import summaries
from training.report.page import paragraph, table

_FIRST, _SECOND = "onnx-cpu", "keras"


def section(path: Path) -> Iterator[str]:
    """Return text and a table: images a second by network and batch, a column a runtime and number of threads."""
    record = read_record(path)
    rates: dict[tuple[str, int], dict[tuple[str, int | None], float]] = {}
    for found in summaries(record):
        asked = found.row.configuration
        if found.images_per_second is not None:
            rates.setdefault((asked.model, asked.batch), {})[asked.runtime, asked.threads] = found.images_per_second
    columns = sorted(
        {column for cells in rates.values() for column in cells}, key=lambda one: (one[0] != _FIRST, one[1] or 0)
    )
    most = max(threads or 0 for name, threads in columns if name == _FIRST)
    yield paragraph(f"""`auto` asks for precision first: the most exact file that a runtime here reads. The zoo holds
        float32 as ONNX and int8 as TFLite, so ONNX Runtime and LiteRT never compete for a file; Keras, where it is
        installed, reads float32, too. Images a second in batches back to back, in {record.settings.rounds} fresh processes
        each; Keras takes the threads that TensorFlow chooses, and stands beside ONNX Runtime with {most}.""")
    yield table(
        ["network", "batch:", *(f"{_written(*column)}:" for column in columns)],
        (
            [model, f"{batch:,}", *(f"{cells[column]:,.0f}" if column in cells else "" for column in columns)]
            for (model, batch), cells in rates.items()
        ),
    )
    ratios = {
        f"{model} at {batch:,}": cells[_FIRST, most] / cells[_SECOND, None]
        for (model, batch), cells in rates.items()
        if (_FIRST, most) in cells and (_SECOND, None) in cells
    }
    slower = {name: f"× {ratio:.2f}" for name, ratio in ratios.items() if ratio < 1}
    yield verdict(
        f"`{_FIRST}` with {most} threads, which `auto` takes first, answers more than `{_SECOND}`", ratios, slower
    )


def _written(runtime: str, threads: int | None) -> str:
    return f"{runtime}, {'its own threads' if threads is None else f'{threads} thread' + ('s' if threads > 1 else '')}"
