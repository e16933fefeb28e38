"""Prints results of pairs, and writes the records of ``python -m bench``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from bench.paired import Call, Pairs, time_pairs
from digit_infer.cli.output import Column, print_table
from digit_infer.runtimes.protocol import installed_version
from export.stored import store_measured, store_models

SCHEMA = 1
RESULTS = Path(__file__).parent / "results"


def affordable(make: Callable[[bool], tuple[Call, Call]], seconds: float) -> int:
    """Return how many pairs fit into the time, between 36, three per round, and 20,000."""
    bare, _ = make(True)
    trial = time_pairs(lambda _: (bare, bare), 6, rounds=1, warm_up=2)
    return int(min(max(seconds * 1e6 / (4 * trial.first_us), 36), 20_000))


def report(
    name: str,
    results: Mapping[str, Pairs],
    named: tuple[str, str] = ("by hand", "digit_infer"),
    entries: Mapping[str, dict[str, object]] | None = None,
    packages: tuple[str, ...] = (),
    only: Collection[str] = (),
    beside: Mapping[str, Any] | None = None,
) -> None:
    """Print the pairs, and record them, or ``entries`` with more fields, with the versions of ``packages``.

    With ``only``, entries of these models replace those in the existing record; each entry has a ``model``. ``beside`` adds
    fields to a new record.
    """
    rows = [
        (
            what,
            f"{pairs.pairs:,}",
            f"{pairs.first_us:,.1f}",
            f"{pairs.second_us:,.1f}",
            f"{pairs.difference_us:,.2f} ({pairs.difference_low_us:,.2f} to {pairs.difference_high_us:,.2f})",
            f"{pairs.ratio:.3f} ({pairs.ratio_low:.3f} to {pairs.ratio_high:.3f})",
        )
        for what, pairs in results.items()
    ]
    columns = [
        Column("what"),
        Column("pairs", number=True),
        *(Column(f"{who}, µs", number=True) for who in named),
        Column("difference in a pair, µs (95 %)", number=True),
        Column("ratio in a pair (95 %)", number=True),
    ]
    print_table(columns, rows)
    found = dict(entries or {what: asdict(pairs) for what, pairs in results.items()})
    path, again, versions = RESULTS / f"{name}.json", f"python -m bench {name}", versions_of(*packages)
    store_models(path, SCHEMA, "results", found, lambda item: item[1]["model"], only, again, versions, beside)
    click.echo(f"recorded in {path}", err=True)


def versions_of(*packages: str) -> dict[str, str]:
    """Return the installed versions of packages, "" for one that is missing."""
    return {package: installed_version(package) or "" for package in packages}


def record(name: str, measured: dict[str, Any], versions: dict[str, str] | None = None, schema: int = SCHEMA) -> None:
    """Write measurements to ``bench/results/NAME.json``, with the machine and versions."""
    path = RESULTS / f"{name}.json"
    store_measured(path, schema, measured, versions)
    click.echo(f"recorded in {path}", err=True)
