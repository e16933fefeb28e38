"""A run as comma-separated values: every column, one row an artefact."""

from __future__ import annotations

import csv
import io

from digit_infer.benchmark.record import Record
from digit_infer.benchmark.report.columns import COLUMNS
from digit_infer.benchmark.summary import summaries


def csv_text(record: Record) -> str:
    """Return a line of headings, which end in their unit, and a line a row; what is unknown is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([column.key for column in COLUMNS])
    writer.writerows([column.for_programs(summary) for column in COLUMNS] for summary in summaries(record))
    return text.getvalue()
