"""Where a benchmark's record goes: files that were named, and standard output in one format."""

from __future__ import annotations

import json
from pathlib import Path

import click

from digit_infer.benchmark.record import Record, as_document
from digit_infer.files import write_text


def write_files(record: Record, save: Path | None, html: Path | None) -> None:
    """Write the record, and the report, where they were asked for."""
    if save is not None:
        write_text(save, json.dumps(as_document(record)) + "\n")
        click.echo(f"record written to {save}", err=True)
    if html is not None:
        from digit_infer.benchmark.report.html import html_text

        write_text(html, html_text(record))
        click.echo(f"report written to {html}", err=True)


def print_record(record: Record, as_format: str | None) -> None:
    """Print a record on stdout, as a table or in the format that was asked for."""
    if as_format == "json":
        click.echo(json.dumps(as_document(record)))
    elif as_format == "csv":
        from digit_infer.benchmark.report.delimited import csv_text

        click.echo(csv_text(record), nl=False)
    elif as_format == "markdown":
        from digit_infer.benchmark.report.markdown import markdown_text

        click.echo(markdown_text(record), nl=False)
    else:
        from digit_infer.benchmark.report.terminal import print_summaries

        print_summaries(record)
