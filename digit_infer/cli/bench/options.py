"""The options of ``digit-infer bench``, in groups, and the configurations that they select."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from digit_infer import zoo
from digit_infer.benchmark.configuration import (
    LONGEST_S,
    MEASURED_BY_NAME,
    SCENARIOS,
    Configuration,
    Scenario,
    configurations,
    scenarios_of,
)
from digit_infer.cli.options import F
from digit_infer.contract import PRECISIONS, Precision
from digit_infer.errors import DigitInferError, RuntimeUnavailableError, UnknownModelError, UsageError
from digit_infer.runtimes import RUNTIMES
from digit_infer.runtimes.adapter import Adapter
from digit_infer.runtimes.model_file import format_of_own
from digit_infer.runtimes.protocol import RUNTIME_NAMES, RuntimeName
from digit_infer.runtimes.trial import Trial
from digit_infer.zoo.resolve import MAX_THREADS, plan

LARGEST_QUERY = 65_536
SATURATION = (1, 4, 16, 64, 256, 1_024)
"""Up to the largest call of ``Predictor``."""

_FILE = click.Path(path_type=Path, dir_okay=False)


class Numbers(click.ParamType[tuple[int, ...]]):
    """Whole numbers of 1 or more, separated by commas."""

    name = "numbers"

    def __init__(self, most: int, words: dict[str, tuple[int, ...]] | None = None) -> None:
        """Take the largest number, and words that stand for numbers."""
        self._most = most
        self._words = words or {}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """Turn ``1,32,256`` into a tuple."""
        if isinstance(value, tuple):
            return value
        if value in self._words:
            return self._words[value]
        words = str(value).split(",")
        if not all(word.isdecimal() and 1 <= int(word) <= self._most for word in words):
            also = "".join(f", or {word}" for word in self._words)
            self.fail(f"{value!r} is no list of whole numbers from 1 to {self._most:,}, such as 1,2{also}", param, ctx)
        return tuple(dict.fromkeys(int(word) for word in words))


class Names(click.ParamType[tuple[str, ...]]):
    """Names out of a list, separated by commas."""

    name = "names"

    def __init__(self, names: Sequence[str]) -> None:
        """Take the allowed names."""
        self._names = names

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Turn ``single-stream,offline`` into a tuple."""
        words = value if isinstance(value, tuple) else tuple(str(value).split(","))
        for word in words:
            if word not in self._names:
                self.fail(f"{word!r} is none of {', '.join(self._names)}", param, ctx)
        return words


def selection_options(function: F) -> F:
    """Add the options that select rows."""
    return _stacked(
        function,
        click.option(
            "--model",
            "models",
            multiple=True,
            default=[zoo.DEFAULT_MODEL],
            show_default=True,
            help="A name, a path, or all.",
        ),
        click.option(
            "--runtime",
            "runtimes",
            multiple=True,
            default=["all"],
            type=click.Choice([*RUNTIME_NAMES, "all"]),
            show_default=True,
            help=f"Repeatable. all does not include {', '.join(MEASURED_BY_NAME)}, which takes minutes.",
        ),
        click.option(
            "--precision",
            "precisions",
            multiple=True,
            default=["all"],
            type=click.Choice([*PRECISIONS, "all"]),
            show_default=True,
        ),
        click.option(
            "--threads",
            type=Numbers(MAX_THREADS),
            default="1",
            show_default=True,
            help="Of one call; 1,2 measures both.",
        ),
        click.option(
            "--batch",
            "batches",
            type=Numbers(LARGEST_QUERY, {"saturation": SATURATION}),
            help=f"Images per query; saturation is {','.join(map(str, SATURATION))}. [default: 1,32,256; quick: 1,32]",
        ),
    )


def scenario_options(function: F) -> F:
    """Add the options of the scenarios."""
    positive = click.FloatRange(min=0, min_open=True)
    return _stacked(
        function,
        click.option(
            "--scenario",
            "scenarios",
            type=Names(SCENARIOS),
            help="MLPerf's: single-stream (batch 1), multi-stream (larger batches), offline, server. "
            "[default: the first three]",
        ),
        click.option("--rate", type=positive, help="Server: queries per second, arriving at random."),
        click.option(
            "--find-rate",
            "bound_ms",
            type=positive,
            metavar="MS",
            help="Server: search for the highest rate with a p99 below this.",
        ),
        click.option(
            "--pause",
            "pause_ms",
            type=click.FloatRange(min=0),
            default=0.0,
            metavar="MS",
            help="Pause before each query of a stream, as in an app.",
        ),
    )


def effort_options(function: F) -> F:
    """Add the options of duration and precision."""
    return _stacked(
        function,
        click.option("--quick", is_flag=True, help="0.3 seconds and 1 process per row; one model takes under 30 seconds."),
        click.option("--thorough", is_flag=True, help="10 seconds and 10 processes per row, and p99.9."),
        click.option(
            "--time", "seconds", type=click.FloatRange(min=0.01), help="Seconds for each timing of a row. [default: 2]"
        ),
        click.option(
            "--rounds", type=click.IntRange(1, 100), help="Fresh processes per row, which share its time. [default: 10]"
        ),
        click.option(
            "--percentile",
            type=click.Choice(["90", "99", "99.9"]),
            help="Measure until it has enough samples. [default: 99]",
        ),
        click.option(
            "--width",
            type=click.FloatRange(0, 100, min_open=True),
            metavar="PERCENT",
            help="Measure until the 95 % interval of the median is at most this wide.",
        ),
        click.option("--interleave", is_flag=True, help="Keep all rows open and measure them in turns."),
        click.option(
            "--timeout",
            "longest_s",
            type=click.FloatRange(min=1),
            default=LONGEST_S,
            show_default=True,
            help="Seconds after which a row that does not answer is given up.",
        ),
        click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Random seed."),
    )


def output_options(function: F) -> F:
    """Add the options of the output."""
    return _stacked(
        function,
        click.option("--json", "as_format", flag_value="json", help="Print the record as JSON."),
        click.option("--csv", "as_format", flag_value="csv", help="Print every column as CSV."),
        click.option("--markdown", "as_format", flag_value="markdown", help="Print Markdown."),
        click.option("--save", type=_FILE, metavar="FILE.json", help="Write the record to a file."),
        click.option("--html", type=_FILE, metavar="FILE.html", help="Write an HTML report with plots."),
    )


def _stacked(function: F, *decorators: Callable[[F], F]) -> F:
    """Apply decorators so that the first option stands first in the help."""
    for decorator in reversed(decorators):
        function = decorator(function)
    return function


def selected(
    models: Sequence[str],
    runtimes: Sequence[str],
    precisions: Sequence[str],
    threads: Sequence[int],
    batches: Sequence[int],
    scenarios: Sequence[Scenario],
    all_runtimes: Sequence[RuntimeName],
) -> list[Configuration]:
    """Return the configurations to measure; ``all_runtimes`` are those of ``--runtime all``.

    Raises:
        UsageError: the options contradict one another, or leave nothing to measure.
        UnknownModelError: a model that does not exist, or not for these runtimes.
        RuntimeUnavailableError: nothing that works here reads a file.
    """
    _refuse_precision_of_a_path(models, precisions)
    _refuse_path_that_nothing_reads(models, runtimes)
    meant = {*runtimes, *all_runtimes} if "all" in runtimes else set(runtimes)
    named: list[RuntimeName] = [name for name in RUNTIME_NAMES if name in meant]
    planned = configurations(_models(models), named, _precisions(precisions), threads or [None], batches)
    if not planned:
        raise UnknownModelError("the zoo has no such file for these runtimes", "see digit-infer models, or give a path")
    sensible = [configuration for configuration in planned if scenarios_of(configuration.batch, scenarios)]
    if not sensible:
        raise UsageError(
            f"{', '.join(scenarios)} does not apply to batch {', '.join(map(str, batches))}",
            "single-stream and server need batch 1, multi-stream a larger one",
        )
    return sensible


def tried(planned: Sequence[Configuration], wish: Adapter | None) -> dict[str, Trial]:
    """Try the files of the user's own before anything is measured, and return what came out, by the path.

    A runtime that refuses a file which another one takes is told of where its rows would stand.

    Raises:
        ModelError, RuntimeUnavailableError: no runtime takes any of the files, and nothing else is to be measured.
        UsageError: ``wish``, what the user says of a file of theirs, is of a model of the zoo.
    """
    if wish is not None and any(not zoo.is_path(one.model) for one in planned if one.model):
        raise UsageError(
            "models of the zoo keep the contract", "leave out what you say of pixels, or name files of your own"
        )
    found: dict[str, Trial] = {}
    errors: dict[str, DigitInferError] = {}
    for model, runtime in dict.fromkeys((one.model, one.runtime) for one in planned if zoo.is_path(one.model)):
        try:
            planned_file = plan(model, runtime, None, None, wish)
            if planned_file.file is not None:
                found[model] = planned_file.tried(planned_file.file)
        except DigitInferError as error:
            errors.setdefault(model, error)
    if errors and {one.model for one in planned if one.model} <= errors.keys() - found.keys():
        raise next(iter(errors.values()))  # else the rows of the others are measured, and this is told with them
    return found


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
    """Refuse a file that none of these runtimes reads."""
    for model in filter(zoo.is_path, models):
        model_format = format_of_own(Path(model))
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
