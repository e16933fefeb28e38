"""What commands print: tables, answers, and what ran."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from digit_infer.errors import printable
from digit_infer.image.grey import MOST_PAGES
from digit_infer.image.source import shown
from digit_infer.prediction import NO_DIGIT, SEVERAL, Prediction

if TYPE_CHECKING:
    from digit_infer.cli.options import LeftOut, NamedPicture
    from digit_infer.contract import Images
    from digit_infer.errors import PictureError
    from digit_infer.predictor import Predictor
    from digit_infer.reading import Reading

OUTPUT_SCHEMA = 1
"""Of the JSON that ``predict``, ``read`` and ``doctor`` print."""

_TABLE_WIDTH = 240
"""Wider than any table here, so that no table is cut."""

_BAR_WIDTH = 30
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_GREY_RAMP_START, _GREY_RAMP_STEPS = 232, 24
"""The 24 greys among a terminal's 256 colours."""


@dataclass(frozen=True)
class Column:
    """A heading; numbers are right-aligned, and only cells of ``may_wrap`` are wrapped."""

    heading: str
    number: bool = False
    may_wrap: bool = False


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
        table.add_row(*(Text(printable(cell)) for cell in row))
    Console(width=_TABLE_WIDTH, highlight=False).print(table)


def answer_lines(answer: Prediction, count: int, *, picture: bool) -> list[str]:
    """Return the digit, a bar for each of the ``count`` most probable ones, and the network's input if asked."""
    found = f"{answer.digit}  {percent(answer.confidence)}" if answer.is_digit else _reason(answer)
    lines = [found, ""]
    lines += [f"  {digit}  {bar(probability)}  {percent(probability)}" for digit, probability in answer.top(count)]
    if not picture:
        return lines
    drawn = half_blocks(answer.image)
    lines += [""] * (len(drawn) - len(lines))
    return [f"{left}   {right}".rstrip() for left, right in zip(drawn, lines, strict=True)]


def summary_line(name: str, answer: Prediction) -> str:
    """Return an answer in one line."""
    name = printable(name)
    if not answer.is_digit:
        return f"{_reason(answer)}: {name}"
    return f"{answer.digit}  {percent(answer.confidence):>8}  {bar(answer.confidence, 10)}  {name}"


def _reason(answer: Prediction) -> str:
    """Return why a prediction is no digit."""
    return f"{SEVERAL}; digit-infer read reads them all" if answer.several else NO_DIGIT


def nothing_found(name: str) -> str:
    """Return the line for a picture without digits."""
    return f"{NO_DIGIT}: {printable(name)}"


def percent(share: float) -> str:
    """Return a probability to a hundredth of a percent; only 1 is rounded to 100 %."""
    return f"{min(share * 100, 99.99) if share < 1 else 100:.2f} %"


def bar(share: float, width: int = _BAR_WIDTH) -> str:
    """Return a bar whose full length, ``width`` characters, means 1."""
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    full, part = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[part] if part else "")).ljust(width)


def half_blocks(image: Images) -> list[str]:
    """Draw uint8 [28, 28] as 14 lines of 28 characters, two pixels per character, in 256 colours."""
    ramp = image.astype(int) * (_GREY_RAMP_STEPS - 1) // 255 + _GREY_RAMP_START
    return [
        "".join(f"\x1b[38;5;{upper};48;5;{lower}m▀" for upper, lower in zip(*ramp[row : row + 2], strict=True)) + "\x1b[0m"
        for row in range(0, len(ramp), 2)
    ]


def ran_on(predictor: Predictor) -> str:
    """Return the model, the runtime with its provider, the precision and the threads in a line."""
    threads = {None: "threads as the runtime decides", 1: "1 thread"}.get(predictor.threads, f"{predictor.threads} threads")
    precision = predictor.precision or "precision of the file"
    ink = "" if predictor.marks_ink else " · without the ink network"
    return f"{printable(predictor.model)} · {predictor.runtime} ({predictor.provider}) · {precision} · {threads}{ink}"


def tell_note(predictor: Predictor) -> None:
    """Print on stderr what was assumed of a file of the user's own, or that it is doubtful."""
    if predictor.note:
        click.echo(printable(predictor.note), err=True)


def answering_facts(predictor: Predictor) -> dict[str, Any]:
    """Return the same facts for JSON."""
    return {
        "model": predictor.model,
        "runtime": predictor.runtime,
        "precision": predictor.precision,
        "provider": predictor.provider,
        "threads": predictor.threads,
        "marks_ink": predictor.marks_ink,
        "reject_below": predictor.reject_below,
        "adapter": None if predictor.adapter is None else predictor.adapter.told(),
        "note": predictor.note,
    }


def print_error(picture: NamedPicture, error: PictureError) -> None:
    """Print the error of a picture, with its name, on stderr."""
    name = printable(shown(picture.name))
    prefix = "" if name in str(error) else f"{name}: "
    click.echo(f"error: {prefix}{error}", err=True)


def page_facts(picture: NamedPicture, answer: Prediction | Reading) -> dict[str, int]:
    """Return for JSON which page of how many was answered; print it on stderr, if there are several."""
    if answer.pages > 1:
        more = " or more" if answer.pages >= MOST_PAGES else ""
        click.echo(
            f"{printable(picture.name)} has {answer.pages:,}{more} pages or frames; this is number {answer.page:,}, "
            "and --page takes another",
            err=True,
        )
    return {"page": answer.page, "pages": answer.pages}


def left_out_entries(left_out: Sequence[LeftOut]) -> list[dict[str, str]]:
    """Return for JSON the files that were not taken for pictures, and why."""
    return [{"path": path, "reason": reason} for path, reason in left_out]


def unanswered_entry(picture: NamedPicture, error: PictureError) -> dict[str, Any]:
    """Return the error of a picture for JSON."""
    return {"picture": picture.name, "error": {"kind": type(error).__name__, "message": str(error)}}
