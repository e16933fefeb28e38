"""The effect of leaving a layer of a full-integer TFLite file in floats: ``python -m export.records.tflite_choices``.

The test set does not influence the choice: the softmax stays in floats since eight bits are too coarse for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from digit_infer.benchmark.statistics import accuracy_of, flips
from digit_infer.cli.reporting import ReportingCommand, quiet_native_log
from export.records import of_models
from export.records.calibration import answers_of
from export.stored import store_models, stored_document
from training.recipes import MODELS

if TYPE_CHECKING:
    from export.pipeline import Exporter
    from export.source import Source

PATH = Path(__file__).parents[1] / "results" / "tflite_choices.json"
SCHEMA = 1
SHIPPED = "all but the softmax"


@dataclass(frozen=True)
class Choice:
    """A network as a full-integer file with some layers in floats, beside the trained one on the 10,000 test images."""

    model: str
    choice: str
    bytes: int
    trained_correct: int
    correct: int
    flips: int
    mean_difference: float
    row_sum: float


def choices(source: Source, exporter: Exporter) -> Iterator[Choice]:
    """Make and measure the files of one network without verification."""
    from export.tflite_model import calibrated
    from export.tflite_quantized import EXACT, products_of, quantized

    images = exporter.calibration.images()
    floats = calibrated(source, images)
    products = products_of(floats)
    first, last = products[0], products[-1]
    ways: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
        "all": ((), ()),
        SHIPPED: (EXACT, ()),
        "all but the softmax and the first layer": (EXACT, (first,)),
        "all but the softmax and the last layer": (EXACT, (last,)),
    }
    for name, (kinds, layers) in ways.items():
        content = quantized(floats, images, "min-max", kinds, layers)
        answers = answers_of(content, "tflite", exporter.test.images)
        labels = exporter.test.labels
        yield Choice(
            model=exporter.source.name,
            choice=name,
            bytes=len(content),
            trained_correct=accuracy_of(exporter.reference, labels).correct,
            correct=accuracy_of(answers, labels).correct,
            flips=len(flips(exporter.reference, answers)),
            mean_difference=float(abs(answers - exporter.reference).mean()),
            row_sum=float(abs(answers.sum(axis=1) - 1).max()),
        )


def read_choices() -> tuple[Choice, ...]:
    """Read what was measured.

    Raises:
        ExportError: nothing was, or the record is damaged.
    """
    with stored_document(PATH, SCHEMA, "python -m export.records.tflite_choices") as document:
        return tuple(Choice(**entry) for entry in document["files"])


@click.command(cls=ReportingCommand)
@of_models
def main(only: tuple[str, ...]) -> None:
    """Measure all networks, and record the results."""
    with quiet_native_log() as stderr:
        from rich.console import Console
        from rich.progress import track

        from export.pipeline import Exporter
        from export.source import load_source

        names = track(only or MODELS, "full-integer files", console=Console(file=stderr))
        sources = [load_source(name) for name in names]
        files = [choice for source in sources for choice in choices(source, Exporter(source))]
    again = "python -m export.records.tflite_choices"
    store_models(PATH, SCHEMA, "files", [asdict(file) for file in files], lambda entry: entry["model"], only, again)


if __name__ == "__main__":
    main(prog_name="python -m export.records.tflite_choices")
