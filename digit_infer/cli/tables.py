"""Tables of one look, and always whole: a narrow terminal folds long lines, and nothing is cut."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_WIDTH = 240
"""Wider than any table here."""


@dataclass(frozen=True)
class Column:
    """A heading; numbers stand right, and names are never cut."""

    heading: str
    number: bool = False
    may_wrap: bool = False


def three_digits(value: float) -> str:
    """Round to three significant digits, in plain decimals."""
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if rounded >= 100 else f"{rounded:.3g}"


def print_table(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> None:
    """Print a table on stdout."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(
            Text(column.heading, style="bold"), justify="right" if column.number else "left", no_wrap=not column.may_wrap
        )
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console(width=_WIDTH, highlight=False).print(table)
