"""A record as Markdown and as CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence

from digit_infer.benchmark.record import Record
from digit_infer.benchmark.report.columns import COLUMNS, shown_tables
from digit_infer.benchmark.report.method import method
from digit_infer.benchmark.report.recommendation import recommendation
from digit_infer.benchmark.report.rows import common_remarks
from digit_infer.benchmark.summary import summaries

_SPECIAL = re.compile(r"[\\|<>*`\[\]~&]|(?<!\w)_|_(?!\w)")
"""Characters with a meaning in Markdown; _ within a word has none."""


def markdown_text(record: Record) -> str:
    """Return the recommendation, the tables, the environment and the method."""
    return "\n".join(_lines(record)) + "\n"


def _lines(record: Record) -> Iterator[str]:
    found = summaries(record)
    yield from ("# digit-infer bench", "")
    yield from (f"- {escaped(sentence)}" for sentence in recommendation(found))
    tables = shown_tables(found)
    for title, table in (("Answers", tables["answers"]), ("Processes, and end to end", tables["processes"])):
        columns, cells = table
        yield from ("", f"## {title}", "")
        yield from _table([(column.heading, column.number) for column in columns], cells)
    if common := common_remarks(found):
        yield from ("", f"All rows: {escaped('; '.join(common))}.")
    if record.skipped:
        yield from ("", "## Not measured", "")
        yield from (f"- {escaped(f'{entry.configuration}: {entry.reason}')}" for entry in record.skipped)
    yield from ("", "## Environment", "")
    yield from _table([("fact", False), ("value", False)], [list(fact) for fact in record.environment.items()])
    yield from ("", "## Method", "")
    yield from (f"- {escaped(line)}" for line in method(record))


def escaped(text: str) -> str:
    """Return text in one line, escaped for Markdown."""
    return _SPECIAL.sub(lambda found: f"\\{found[0]}", " ".join(text.splitlines()))


def _table(headings: Sequence[tuple[str, bool]], cells: Sequence[Sequence[str]]) -> Iterator[str]:
    yield _line([heading for heading, _ in headings])
    yield "|" + "|".join(" ---: " if number else " --- " for _, number in headings) + "|"
    yield from map(_line, cells)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(map(escaped, cells)) + " |"


def csv_text(record: Record) -> str:
    """Return a line of keys, which end in their unit, and one line per row; unknown values are empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([column.key for column in COLUMNS])
    writer.writerows([column.for_programs(summary) for column in COLUMNS] for summary in summaries(record))
    return text.getvalue()
