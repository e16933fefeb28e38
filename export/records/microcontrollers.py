"""Every network of the zoo on TensorFlow Lite Micro: ``python -m export.records.microcontrollers``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click
from rich.console import Console

from digit_infer import zoo
from digit_infer.benchmark.record import rebuilt
from digit_infer.cli.reporting import ReportingCommand, quiet_native_log
from export.cli.tables import print_microcontrollers
from export.records import of_models
from export.stored import store_models, stored_document

if TYPE_CHECKING:
    from export.c_array import MicroFile

SCHEMA = 1
AGAIN = "python -m export.records.microcontrollers"
RESULTS = Path(__file__).parents[1] / "results" / "tflm.json"


def read_tflm_results(path: Path = RESULTS) -> tuple[MicroFile, ...]:
    """Return the measurements of each network, in the order of the zoo.

    Raises:
        ExportError: it is missing or damaged.
    """
    from export.c_array import MicroFile

    with stored_document(path, SCHEMA, AGAIN) as document:
        return tuple(rebuilt(MicroFile, row) for row in document["rows"])


@click.command(cls=ReportingCommand)
@of_models
def main(only: tuple[str, ...]) -> int:
    """Export, verify and measure the file for microcontrollers of every network of the zoo, and record the measurements.

    Each is run on the 10,000 test images one by one, which takes two minutes for the slowest and twelve for all.
    """
    with quiet_native_log() as stderr:
        from export.microcontroller import export_microcontroller
        from export.pipeline import Exporter
        from export.source import load_source

        rows = []
        for model in only or zoo.models():
            with Console(file=stderr).status(model), TemporaryDirectory() as folder:
                rows.append(export_microcontroller(Exporter(load_source(model)), Path(folder)))
    store_models(RESULTS, SCHEMA, "rows", [asdict(row) for row in rows], lambda row: str(row["model"]), only, AGAIN)
    print_microcontrollers(read_tflm_results())
    return 0


if __name__ == "__main__":
    main(prog_name="python -m export.records.microcontrollers")
