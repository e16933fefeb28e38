"""A run in the terminal: the tables on stdout, and what a reader must know of them on stderr."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from digit_infer.benchmark.record import Record
from digit_infer.benchmark.report.columns import shown_tables
from digit_infer.benchmark.report.method import anchor, clock
from digit_infer.benchmark.report.recommendation import recommendation
from digit_infer.benchmark.report.remarks import common_remarks
from digit_infer.benchmark.summary import Summary, summaries
from digit_infer.cli import tables
from digit_infer.runtimes.placement import described


def print_summaries(record: Record) -> None:
    """Print what the rows answer and what their processes take on stdout, notes and the recommendation on stderr."""
    found = summaries(record)
    for columns, cells in shown_tables(found).values():
        wide = ("remarks", "provider", "device")
        tables.print_table(
            [tables.Column(column.heading, column.number, may_wrap=column.key in wide) for column in columns], cells
        )
        click.echo("")
    for note in notes(record, found):
        click.echo(note, err=True)


def notes(record: Record, found: Sequence[Summary]) -> Iterator[str]:
    """Yield what a reader of the tables must know, a line each."""
    yield from (f"all rows: {remark}" for remark in common_remarks(found))
    for row in record.rows:
        if row.artefact.placement is not None:
            where = f"{row.configuration.model} on {row.configuration.runtime}, {row.artefact.device}"
            yield f"{where}: {described(row.artefact.placement)}"
    yield (
        "flips: answers that differ from the model's float32 file; floor: what null takes, which answers a constant: the "
        "harness's own cost; of peak: GFLOP/s as a share of a float32 matrix product with as many threads"
    )
    yield f"{clock(record)}; {anchor(record)}"
    yield from recommendation(found)
