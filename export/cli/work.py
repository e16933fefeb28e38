"""Runs the export, shows its progress, and collects the results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.progress import Progress

from digit_infer.errors import DigitInferError, UsageError
from digit_infer.files import remove_unfinished
from digit_infer.zoo import models
from digit_infer.zoo.manifest import InkFile, ZooFile
from export.errors import ExportError
from export.everything import make_all, record, reports_in
from export.making import make
from export.pairs import ALL
from export.published import enter_into_zoo
from export.report import Refusal, Report
from training.recipes import INK

if TYPE_CHECKING:
    from rich.console import Console

    from export.c_array import MicroFile
    from export.calibration import Calibration
    from export.cli.order import Order
    from export.graph_source import GraphSource
    from export.own_network import Declared
    from export.own_pictures import OwnPictures
    from export.pairs import Pair
    from export.source import Source


@dataclass
class Results:
    """The results so far: written files, refused files, and errors of sources."""

    made: list[Report] = field(default_factory=list)
    for_microcontrollers: list[MicroFile] = field(default_factory=list)
    for_browsers: list[ZooFile] = field(default_factory=list)
    of_ink: list[InkFile] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    errors: list[DigitInferError] = field(default_factory=list)

    def add(self, reports: Sequence[Report | Refusal]) -> None:
        """Add the reports of one source."""
        self.made += proven(reports)
        self.refused += [report for report in reports if isinstance(report, Refusal)]


def proven(reports: Sequence[Report | Refusal]) -> list[Report]:
    """Return the reports on files that are written."""
    return [report for report in reports if isinstance(report, Report)]


def export_source(
    name: str,
    order: Order,
    declared: Declared,
    calibration: Calibration,
    pictures: OwnPictures | None,
    console: Console,
    results: Results,
    allowed_loss: float = 0.0,
) -> None:
    """Export one source. The others are still exported if it fails."""
    if name in INK:
        export_ink_network(order, console, results)
        return
    from export.browser import export_browser
    from export.graph_source import is_graph, load_graph
    from export.microcontroller import export_microcontroller
    from export.pipeline import Exporter
    from export.source import load_source

    def opened() -> Exporter:
        return Exporter(source, calibration, pictures, allowed_loss)

    reports: list[Report | Refusal] = []
    try:
        with console.status(f"{name}: loading") as status:
            path = Path(name)
            source = load_graph(path, declared.adapter, declared.code) if is_graph(path) else load_source(name, declared)
            for note in source.notes:
                click.echo(note, file=console.file)
            if order.microcontroller:
                status.update(f"{name}: proving picture by picture on TensorFlow Lite Micro")
                results.for_microcontrollers.append(export_microcontroller(opened(), order.out))
                return
            if order.browser:
                status.update(f"{name}: proving in a browser")
                exporter = opened()
                for _, precision in _possible(source, order.tflite_pairs, console):
                    results.for_browsers.append(export_browser(exporter, precision, order.out))
                return
            if order.resume:
                remove_unfinished(order.out)
            pairs = _possible(source, order.pairs, console)
            for report in make(source, calibration, opened, pairs, order.out, resume=order.resume):
                reports.append(report)
                status.update(f"{name}: {len(reports)} of {len(pairs)} files")
        if order.zoo:
            if len(reports) == len(ALL):
                record(name, reports)
            enter_into_zoo(proven(reports), order.out)
    except DigitInferError as error:
        results.errors.append(error)
    results.add(reports)


def _possible(source: Source | GraphSource, pairs: Sequence[Pair], console: Console) -> tuple[Pair, ...]:
    """Return the forms that can be made of a source, and print why others cannot.

    Raises:
        ExportError: none of them can be made.
    """
    reasons = {pair: source.refusal(pair) for pair in pairs}
    possible = tuple(pair for pair, reason in reasons.items() if reason is None)
    told = list(dict.fromkeys(reason for reason in reasons.values() if reason is not None))
    if not possible:
        raise ExportError("; ".join(told), "ask for another form, or export the trained model")
    for reason in told:
        click.echo(f"note: {reason}", file=console.file)
    return possible


def export_ink_network(order: Order, console: Console, results: Results) -> None:
    """Export the ink network in those of the requested forms that exist."""
    from export.ink import FORMS, export_ink, ink_model, load_ink
    from export.published import enter_ink_into_zoo

    try:
        if order.calibrate or order.microcontroller or order.browser or (order.zoo and order.pairs != ALL):
            raise UsageError(
                "inknet is calibrated on drawn pictures, and goes into the zoo whole", "leave those options out"
            )
        with console.status("inknet: loading, and drawing pictures") as status:
            source = load_ink()
            files = []
            for number, form in enumerate(form for form in FORMS if form in order.pairs):
                status.update(f"inknet: file {number + 1}")
                files.append(export_ink(source, *form, order.out))
        if order.zoo or order.everything:
            enter_ink_into_zoo(ink_model(source, files), order.out)
        results.of_ink += files
    except DigitInferError as error:
        results.errors.append(error)


def export_everything(order: Order, console: Console, results: Results) -> None:
    """Export all networks; if all succeed, record them and update the zoo."""
    with Progress(console=console) as progress:
        task = progress.add_task("networks", total=len(models()))
        for name, failure in make_all(tuple(models()), ALL, order.out, order.jobs):
            progress.update(task, advance=1, description=name)
            if failure is not None:
                results.errors.append(ExportError(f"{name} was not exported to its end ({failure})", "run it again"))
    if results.errors:
        return
    for name in models():
        reports = reports_in(order.out, name, ALL)
        record(name, reports)
        enter_into_zoo(proven(reports), order.out)
        results.add(reports)
    export_ink_network(order, console, results)
