"""``digit-infer bench compare``: tells whether a second run is slower than a first."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from digit_infer.benchmark.comparison.judgement import Limits
from digit_infer.benchmark.comparison.pairing import HEADINGS, Comparison, as_document, as_markdown, cells, compare
from digit_infer.benchmark.comparison.runs import JUDGED, METRICS, Metric, read_run
from digit_infer.cli import options
from digit_infer.cli.output import Column, print_table
from digit_infer.errors import UsageError, printable

_NUMBERS = ("first", "second", "slower by (95 %)", "allowed")


class Quantity(click.ParamType[float]):
    """A number with its unit, such as 5% or 200ns."""

    def __init__(self, name: str, units: Mapping[str, float], example: str) -> None:
        """Take its name, the factor of each unit, and an example for the error."""
        self.name = name
        self._units = units
        self._example = example

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Turn ``200ns`` into 0.2, with units of µs."""
        if isinstance(value, float):
            return value
        found = re.fullmatch(rf"(\d+(?:\.\d+)?) ?({'|'.join(self._units)})", str(value))
        if found is None:
            self.fail(f"{value!r} is no {self.name}, such as {self._example}", param, ctx)
        return float(found[1]) * self._units[found[2]]


_SHARE = Quantity("percentage", {"%": 0.01}, "5% or 2.5%")
_MICROSECONDS = Quantity("time", {"ns": 0.001, "us": 1.0, "µs": 1.0, "ms": 1000.0, "s": 1e6}, "200ns, 0.5us or 1ms")


@click.command("compare")
@click.argument("first", type=click.Path(path_type=Path))
@click.argument("second", type=click.Path(path_type=Path))
@click.option("--fail-above", "share", type=_SHARE, default="5%", show_default=True, help="How much slower SECOND may be.")
@click.option(
    "--and-above",
    "absolute_us",
    type=_MICROSECONDS,
    default="0.2us",
    show_default=True,
    help="A latency that is longer by less than this does not fail.",
)
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    type=click.Choice(METRICS),
    help=f"Repeatable. p90 needs a quiet machine. [default: {', '.join(JUDGED)}]",
)
@click.option("--strict", is_flag=True, help="Exit with 1 where the verdict is INCONCLUSIVE, too.")
@click.option("--across-machines", is_flag=True, help="Compare although the files are from different machines.")
@click.option("--markdown", "as_markdown_", is_flag=True, help="Print Markdown on stdout.")
@options.json_option
def command(
    first: Path,
    second: Path,
    share: float,
    absolute_us: float,
    metrics: tuple[Metric, ...],
    strict: bool,
    across_machines: bool,
    as_markdown_: bool,
    as_json: bool,
) -> int:
    """Tell whether SECOND is slower than FIRST, two files of digit-infer bench --json or of pytest --benchmark-json.

    A metric FAILs if the whole 95 % interval of its slowdown is above the limit, and PASSes if the whole interval is below.
    Else it is INCONCLUSIVE: measure with more rounds, for longer, or on a machine that is less busy.

    Exits with 1 if anything FAILs; INCONCLUSIVE is a line on stderr and exits with 0, or 1 with --strict.
    """
    if as_json and as_markdown_:
        raise UsageError("--json and --markdown both want stdout", "leave one out")
    runs = read_run(first), read_run(second)
    comparison = compare(*runs, Limits(share, absolute_us), metrics or JUDGED, across_machines=across_machines)
    notes = list(_notes(comparison))
    if as_json:
        click.echo(json.dumps(as_document(comparison)))
    elif as_markdown_:
        click.echo(as_markdown(comparison, notes), nl=False)
    else:
        columns = [Column(heading, number=heading in _NUMBERS, may_wrap=heading == "why") for heading in HEADINGS]
        print_table(columns, [cells(finding) for finding in comparison.findings])
    for note in notes:
        click.echo(printable(note), err=True)
    click.echo(_total(comparison), err=True)
    return 1 if comparison.verdict == "FAIL" or (strict and comparison.verdict == "INCONCLUSIVE") else 0


def _notes(comparison: Comparison) -> Iterator[str]:
    """Yield notes beside the verdicts."""
    yield from (f"differs: {line}" for line in comparison.differences)
    yield from (f"only in {comparison.first}: {name}" for name in comparison.only_in_first)
    yield from (f"only in {comparison.second}: {name}" for name in comparison.only_in_second)


def _total(comparison: Comparison) -> str:
    verdicts = [finding.verdict for finding in comparison.findings]
    counted = [
        f"{verdicts.count(verdict)} {verdict}" for verdict in ("FAIL", "INCONCLUSIVE", "PASS") if verdict in verdicts
    ]
    return f"{comparison.verdict}: {', '.join(counted)}"
