"""The output of a benchmark: a live table, the final tables and notes, and files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from digit_infer.benchmark.record import Record, as_document
from digit_infer.benchmark.report.html import html_text
from digit_infer.benchmark.report.recommendation import recommendation
from digit_infer.benchmark.report.tables import anchor, clock, csv_text, markdown_text, shown_tables
from digit_infer.benchmark.statistics import three_digits
from digit_infer.benchmark.summary import Summary, common_remarks, images_per_second, stream_latencies, summaries
from digit_infer.cli.output import Column, print_table
from digit_infer.errors import printable
from digit_infer.files import write_text
from digit_infer.runtimes.placement import described

if TYPE_CHECKING:
    from rich.table import Table

    from digit_infer.benchmark.configuration import Configuration
    from digit_infer.benchmark.record import Row
    from digit_infer.benchmark.suite import Step


@contextmanager
def live_rows(stream: TextIO) -> Iterator[Callable[[Step], None]]:
    """Yield a function that takes the steps of a run: it draws a table on a terminal, and nothing elsewhere."""
    if not stream.isatty():
        yield _unseen
        return
    from rich.console import Console, Group
    from rich.live import Live
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    progress = Progress(*columns)
    task = progress.add_task("starting")
    rows: dict[Configuration, Row] = {}
    # Drawn when a process starts or ends, never while one measures, so that drawing takes none of its time.
    with Live(
        progress, console=Console(file=stream), auto_refresh=False, transient=True, vertical_overflow="visible"
    ) as live:

        def watch(step: Step) -> None:
            if step.row is not None:
                rows[step.configuration] = step.row
            progress.update(task, description=str(step.configuration), completed=step.done, total=step.total)
            live.update(Group(_table(rows), progress), refresh=True)

        yield watch


def _unseen(step: Step) -> None:
    del step


def _table(rows: dict[Configuration, Row]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("model", "runtime", "precision", "threads", "batch", "p50 µs", "images/s", "processes"):
        table.add_column(heading, justify="left" if heading in ("model", "runtime", "precision") else "right")
    for configuration, row in rows.items():
        latencies = stream_latencies(row)
        p50, rate = latencies.percentile_us(50) if latencies.samples else None, images_per_second(row)
        cells = (
            configuration.model,
            configuration.runtime,
            row.artefact.precision or "",
            str(row.artefact.threads or ""),
            str(configuration.batch),
            "" if p50 is None else three_digits(p50),
            "" if rate is None else three_digits(rate),
            str(len(row.processes)),
        )
        table.add_row(*(Text(printable(cell)) for cell in cells))
    return table


def write_out(record: Record, as_format: str | None, save: Path | None, html: Path | None) -> None:
    """Write a record to a file, print it, and write the report; one that fails does not keep the next from being tried."""
    with ExitStack() as stack:  # which calls the last one first, and raises the error of one after the others
        if html is not None:
            stack.callback(lambda: _write(html_text(record), "report", html))
        stack.callback(print_record, record, as_format)
        if save is not None:
            stack.callback(lambda: _write(json.dumps(as_document(record)) + "\n", "record", save))


def _write(text: str, what: str, path: Path) -> None:
    write_text(path, text)
    click.echo(f"{what} written to {printable(str(path))}", err=True)


def print_record(record: Record, as_format: str | None) -> None:
    """Print a record on stdout, as a table or in a format."""
    if as_format == "json":
        click.echo(json.dumps(as_document(record)))
    elif as_format == "csv":
        click.echo(csv_text(record), nl=False)
    elif as_format == "markdown":
        click.echo(markdown_text(record), nl=False)
    else:
        print_summaries(record)


def print_summaries(record: Record) -> None:
    """Print the tables on stdout, and notes and the recommendation on stderr."""
    found = summaries(record)
    for columns, cells in shown_tables(found).values():
        wide = ("remarks", "provider", "device")
        print_table([Column(column.heading, column.number, may_wrap=column.key in wide) for column in columns], cells)
        click.echo("")
    for note in notes(record, found):
        click.echo(printable(note), err=True)


def notes(record: Record, found: Sequence[Summary]) -> Iterator[str]:
    """Yield notes on the tables, one line each."""
    yield from (f"all rows: {remark}" for remark in common_remarks(found))
    for row in record.rows:
        if row.artefact.placement is not None:
            where = f"{row.configuration.model} on {row.configuration.runtime}, {row.artefact.device}"
            yield f"{where}: {described(row.artefact.placement)}"
    yield (
        "flips: digits that differ from the model's float32 file; floor: the time of null, which returns a constant: the "
        "overhead of measuring; of peak: GFLOP/s as a share of a float32 matrix product with as many threads"
    )
    yield f"{clock(record)}; {anchor(record)}"
    yield from recommendation(found)
