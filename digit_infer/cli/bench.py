"""``digit-infer bench``: how good and how fast a model is on this machine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from digit_infer import zoo
from digit_infer.benchmark.environment import environment
from digit_infer.benchmark.suite import (
    MEASURED_BY_NAME,
    SCHEMA,
    Reference,
    Row,
    Skipped,
    available_runtimes,
    configurations,
    measure,
)
from digit_infer.cli import options
from digit_infer.cli.native_log import quiet_native_log
from digit_infer.cli.tables import Column, print_table, three_digits
from digit_infer.contract import PRECISIONS, Precision
from digit_infer.dataset import load
from digit_infer.errors import RuntimeUnavailableError, UnknownModelError, UsageError
from digit_infer.runtimes import RUNTIMES
from digit_infer.runtimes.placement import described
from digit_infer.runtimes.protocol import RUNTIME_NAMES, RuntimeName

_LARGEST_BATCH = 65_536


class Numbers(click.ParamType[tuple[int, ...]]):
    """Whole numbers from 1 up, separated by commas."""

    name = "numbers"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """Turn ``1,32,256`` into a tuple."""
        if isinstance(value, tuple):
            return value
        words = str(value).split(",")
        if not all(word.isdecimal() and 1 <= int(word) <= _LARGEST_BATCH for word in words):
            self.fail(f"{value!r} is no list of whole numbers from 1 to {_LARGEST_BATCH:,}, such as 1,32,256", param, ctx)
        return tuple(int(word) for word in words)


@click.command("bench")
@click.option("--model", "models", multiple=True, default=[zoo.DEFAULT_MODEL], show_default=True, help="Or a path, or all.")
@click.option(
    "--runtime",
    "runtimes",
    multiple=True,
    default=["all"],
    type=click.Choice([*RUNTIME_NAMES, "all"]),
    show_default=True,
    help=f"Repeatable. all leaves out {', '.join(MEASURED_BY_NAME)}, which takes minutes: name it.",
)
@click.option(
    "--precision", "precisions", multiple=True, default=["all"], type=click.Choice([*PRECISIONS, "all"]), show_default=True
)
@options.threads_option
@click.option("--batch", "batches", type=Numbers(), default="1,32,256", show_default=True, help="For images a second.")
@click.option(
    "--time", "seconds", type=click.FloatRange(min=0.01), default=1.0, show_default=True, help="Seconds a timing."
)
@options.json_option
def command(
    models: tuple[str, ...],
    runtimes: tuple[RuntimeName | str, ...],
    precisions: tuple[str, ...],
    threads: int | None,
    batches: tuple[int, ...],
    seconds: float,
    as_json: bool,
) -> int:
    """Measure size, accuracy, latency and throughput of models, on the runtimes that work here.

    Accuracy is over the 10,000 MNIST test images. A percentile is shown only where there are samples enough to tell it.
    """
    _refuse_precision_of_a_path(models, precisions)
    _refuse_path_that_nothing_reads(models, runtimes)
    meant = (*runtimes, *available_runtimes()) if "all" in runtimes else runtimes
    named: list[RuntimeName] = [name for name in RUNTIME_NAMES if name in meant]
    planned = configurations(_models(models), named, _precisions(precisions), threads)
    if not planned:
        raise UnknownModelError("the zoo has no such file for these runtimes", "see digit-infer models, or give a path")
    test = load("test")
    with quiet_native_log() as stderr:
        from rich.console import Console
        from rich.progress import track

        reference = Reference(test)
        progress = track(planned, "measuring", console=Console(file=stderr), transient=True, disable=not stderr.isatty())
        results = [measure(configuration, test, reference, batches, seconds) for configuration in progress]
    rows = [result for result in results if isinstance(result, Row)]
    skipped = [result for result in results if isinstance(result, Skipped)]
    if not rows:
        raise RuntimeUnavailableError(f"{_named(skipped[0])} cannot be measured", skipped[0].reason)
    for entry in skipped:
        click.echo(f"not measured: {_named(entry)}: {entry.reason}", err=True)
    if as_json:
        document = {
            "schema": SCHEMA,
            "environment": environment(),
            "seconds": seconds,
            "rows": [asdict(row) for row in rows],
            "skipped": [asdict(entry) for entry in skipped],
        }
        click.echo(json.dumps(document))
    else:
        _print(rows)
    # Of all runtimes, one that refuses a number of threads is no failure; what was named, or is broken, is.
    return 1 if skipped and ("all" not in runtimes or any(entry.broken for entry in skipped)) else 0


def _models(words: Sequence[str]) -> list[str]:
    if "all" in words:
        if len(words) > 1:
            raise UsageError("all models and some of them contradict one another", "leave one out")
        return list(zoo.models())
    for word in words:
        if not zoo.is_path(word):
            zoo.model_named(word)
    return list(words)


def _precisions(words: Sequence[str]) -> list[Precision | None]:
    if "all" in words and len(words) > 1:
        raise UsageError("all precisions and some of them contradict one another", "leave one out")
    return [precision for precision in PRECISIONS if precision in words or "all" in words]


def _refuse_precision_of_a_path(models: Sequence[str], precisions: Sequence[str]) -> None:
    for model in models:
        if zoo.is_path(model) and "all" not in precisions:
            raise UsageError(f"{model} is one file of one precision", "leave --precision out, or name models of the zoo")


def _refuse_path_that_nothing_reads(models: Sequence[str], runtimes: Sequence[str]) -> None:
    """Refuse a file that none of these runtimes would read, of which the table would say nothing."""
    for model in filter(zoo.is_path, models):
        model_format = zoo.format_of_own(Path(model))
        readers = [runtime for runtime in RUNTIMES.values() if runtime.format == model_format]
        if "all" in runtimes:
            reasons = [runtime.availability().reason for runtime in readers]
            if all(reasons):
                told = "; ".join(f"{runtime.name}: {reason}" for runtime, reason in zip(readers, reasons, strict=True))
                raise RuntimeUnavailableError(f"no runtime for {model} works here", told)
        elif not {"null", *(runtime.name for runtime in readers)} & set(runtimes):
            raise UsageError(
                f"{', '.join(runtimes)} reads no .{model_format} file", f"choose the runtime {readers[0].name}"
            )


def _named(entry: Skipped) -> str:
    configuration = entry.configuration
    return f"{configuration.model} on {configuration.runtime} in {configuration.precision or 'the precision of the file'}"


def _print(rows: list[Row]) -> None:
    columns = [
        Column("model"),
        Column("runtime"),
        Column("precision"),
        Column("threads", number=True),
        Column("kB", number=True),
        Column("accuracy (95 %)", may_wrap=True),
        Column("flips", number=True),
        Column("p50 µs", number=True),
        Column("p90", number=True),
        Column("p99", number=True),
        Column("calls", number=True),
        *(Column(f"images/s at {entry.batch}", number=True, may_wrap=True) for entry in rows[0].throughput),
    ]
    print_table(columns, [_cells(row) for row in rows])
    for row in rows:
        if row.placement is not None:
            where = f"{row.configuration.model} on {row.configuration.runtime}, {row.device}"
            click.echo(f"{where}: {described(row.placement)}", err=True)
    click.echo(
        "flips: answers that differ from the model's float32 file; null answers a constant: it is the harness's own cost",
        err=True,
    )


def _cells(row: Row) -> list[str]:
    configuration, accuracy, latency = row.configuration, row.accuracy, row.latency
    threads = configuration.threads or (None if configuration.runtime in ("keras", "null") else 1)
    return [
        configuration.model,
        configuration.runtime,
        configuration.precision or "",
        str(threads or ""),
        f"{row.bytes / 1000:,.0f}" if row.bytes else "",
        f"{accuracy.share:.4f} ({accuracy.low:.4f} to {accuracy.high:.4f})" if accuracy else "",
        "" if row.flips is None else str(row.flips),
        *("" if value is None else three_digits(value) for value in (latency.p50_us, latency.p90_us, latency.p99_us)),
        f"{latency.samples:,}",
        *(three_digits(entry.images_per_second) for entry in row.throughput),
    ]
