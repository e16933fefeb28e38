"""``digit-infer batch``: millions of pictures to Parquet."""

from __future__ import annotations

import glob
import logging
import os
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import click

from digit_infer.cli import options
from digit_infer.cli.options import F
from digit_infer.cli.output import answering_facts, ran_on, tell_note
from digit_infer.cli.reporting import ours_alone, quiet_native_log
from digit_infer.errors import BatchError, PictureNotFoundError, UsageError, printable
from digit_infer.predictor import MAX_WORKERS, Predictor

if TYPE_CHECKING:
    import daft
    import pyarrow as pa

    from digit_infer.batch.parts import Parts
    from digit_infer.contract import Precision
    from digit_infer.runtimes.protocol import RuntimeName

_UNCHANGING = ("model", "precision", "runtime", "reject_below", "marks_ink")
"""What must be as before when a job goes on, since it changes answers."""


def _folder(name: str, what: str) -> Callable[[F], F]:
    return click.option(name, type=click.Path(path_type=Path), metavar="FOLDER.parquet", help=what)


@click.command("batch")
@click.argument("source")
@_folder("--out", "Answer, and put the answers here: a folder of Parquet files.")
@_folder("--pack", "Answer nothing, but put the pictures here: Parquet with path and bytes, for later runs.")
@click.option("--read", "reads", is_flag=True, help="Read all digits of each picture, as digit-infer read does.")
@click.option("--resume", is_flag=True, help="Go on where a job was stopped: leave out the paths that are done.")
@click.option(
    "--workers",
    type=click.IntRange(1, MAX_WORKERS),
    help="Processes that answer. [default: one for each processor, here or in the cluster]",
)
@click.option("--ray", "address", metavar="ADDRESS", help="Run on this Ray cluster: auto, HOST:PORT or ray://HOST:PORT.")
@options.model_option
@options.runtime_option
@options.precision_option
@options.threads_option
@options.reject_option
def command(
    source: str,
    out: Path | None,
    pack: Path | None,
    reads: bool,
    resume: bool,
    workers: int | None,
    address: str | None,
    model: str,
    runtime: RuntimeName,
    precision: Precision | None,
    threads: int | None,
    reject_below: float | None,
) -> None:
    """Answer all pictures of SOURCE, however many, and write Parquet: a row for each, with its path.

    SOURCE is a folder, a pattern, a URL of object storage such as s3://bucket/scans/**/*.png, or Parquet with the columns
    path and bytes, whose name ends in .parquet. A picture that cannot be answered is a row with an error.
    """
    if (out is None) == (pack is None):
        raise UsageError("the pictures are either answered or packed", "give one of --out and --pack")
    if find_spec("daft") is None:
        raise BatchError("batch needs Daft, which is not installed here", 'pip install "digit_infer[batch]"')
    from digit_infer.batch.engine import failures

    if "--debug" not in sys.argv:
        logging.disable()  # Daft and Ray log what we tell as an error
    with ours_alone(), failures():
        if pack is not None:
            _pack(source, pack, address, resume=resume)
            return
        with quiet_native_log():
            predictor = Predictor(model, runtime=runtime, precision=precision, threads=threads, reject_below=reject_below)
        tell_note(predictor)
        if out is not None:
            _answer(source, out, predictor, address, workers, reads=reads, resume=resume)
        click.echo(ran_on(predictor), err=True)


def _answer(
    source: str, out: Path, predictor: Predictor, address: str | None, workers: int | None, *, reads: bool, resume: bool
) -> None:
    from digit_infer.batch import engine
    from digit_infer.batch.answerer import Answerer
    from digit_infer.batch.parts import Parts

    facts = answering_facts(predictor)
    answerer = Answerer.of(predictor, reads=reads)
    told = {"read": reads, **{name: facts[name] for name in _UNCHANGING}}
    with Parts(out, engine.with_path(answerer.schema), told, resume=resume) as parts:
        workers = engine.start(address, workers)
        rows = engine.without(_rows(source, workers), parts.done)
        _write(parts, engine.answered(rows, answerer, workers), engine.count(rows), "answered")


def _pack(source: str, pack: Path, address: str | None, *, resume: bool) -> None:
    from digit_infer.batch import engine
    from digit_infer.batch.parts import Parts

    with Parts(pack, engine.PACKED, {"packed": True}, resume=resume) as parts:
        workers = engine.start(address, None)
        rows = engine.without(_rows(source, workers), parts.done)
        _write(parts, engine.contents(rows), engine.count(rows), "packed")


def _rows(source: str, workers: int) -> daft.DataFrame:
    from digit_infer.batch import engine

    if source.rstrip("/").endswith(".parquet"):
        return engine.packed(source.rstrip("/"))
    if "://" in source:
        return engine.stored(source)
    if not os.path.lexists(source) and not glob.has_magic(source):
        raise PictureNotFoundError(f"{source} does not exist", "check the path")
    absolute = os.path.abspath(source)  # noqa: PTH100  # Path.resolve follows links
    return engine.listed(_files(absolute), workers)


def _files(word: str) -> Iterator[str]:
    """Yield the pictures that a word names, and name on stderr what is left out."""
    left_out: list[options.LeftOut] = []
    yield from options.picture_files(word, left_out)
    options.tell_left_out(left_out)


def _write(parts: Parts, tables: Iterator[pa.Table], total: int, verb: str) -> None:
    """Write the tables, show how far it is, and say what came of it.

    Raises:
        BatchError: fewer rows came than there are pictures, or more.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    start, failed = monotonic(), 0
    columns = (
        TextColumn(verb),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(verb, total=total, rate="")
        for table in tables:
            parts.add(table)
            failed += (
                table["error"].length() - table["error"].null_count if verb == "answered" else table["bytes"].null_count
            )
            progress.update(task, completed=parts.rows, rate=_rate(parts.rows, start))
    if parts.rows != total:
        raise BatchError(f"{total:,} pictures were to be {verb}, and {parts.rows:,} were", "go on with --resume")
    errors = f", {failed:,} of them with an error" if failed else ""
    before = f", {len(parts.done):,} parts were there" if parts.done else ""
    click.echo(f"{verb} {total:,} pictures at {_rate(total, start)}{errors}, in {printable(str(parts.folder))}{before}")


def _rate(rows: int, start: float) -> str:
    return f"{rows / max(monotonic() - start, 1e-9):,.0f} a second"
