"""``digit-infer bench``: accuracy and speed of models on this machine."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from digit_infer.benchmark.configuration import (
    NORMAL,
    QUICK,
    SCENARIOS,
    THOROUGH,
    Configuration,
    Effort,
    Scenario,
    available_runtimes,
)
from digit_infer.cli.bench.compare import command as compare
from digit_infer.cli.bench.options import (
    effort_options,
    output_options,
    scenario_options,
    selected,
    selection_options,
    tried,
)
from digit_infer.cli.options import adapter, of_own_file
from digit_infer.cli.reporting import INTERRUPTED, ReportingGroup, quiet_native_log
from digit_infer.errors import RuntimeUnavailableError, UsageError, printable
from digit_infer.files import check_writable
from digit_infer.parallel.interrupts import raised

if TYPE_CHECKING:
    from digit_infer.benchmark.record import Settings
    from digit_infer.benchmark.suite import Outcome
    from digit_infer.runtimes.adapter import Adapter
    from digit_infer.runtimes.protocol import RuntimeName


@click.group("bench", cls=ReportingGroup, invoke_without_command=True)
@click.pass_context
@selection_options
@of_own_file
@scenario_options
@effort_options
@output_options
def command(
    context: click.Context,
    /,
    models: tuple[str, ...],
    runtimes: tuple[str, ...],
    precisions: tuple[str, ...],
    threads: tuple[int, ...],
    batches: tuple[int, ...] | None,
    scenarios: tuple[Scenario, ...] | None,
    rate: float | None,
    bound_ms: float | None,
    pause_ms: float,
    quick: bool,
    thorough: bool,
    seconds: float | None,
    rounds: int | None,
    percentile: str | None,
    width: float | None,
    interleave: bool,
    longest_s: float,
    seed: int,
    as_format: str | None,
    save: Path | None,
    html: Path | None,
    **own: Any,
) -> int:
    """Measure size, accuracy, latency, throughput and memory of models on the runtimes that work here.

    Accuracy is over the 10,000 MNIST test images. A percentile is shown only with enough samples.
    Each row is measured in fresh processes, in a shuffled order.
    """
    if context.invoked_subcommand is not None:
        return 0
    effort = _effort(quick, thorough)
    streams: tuple[Scenario, ...] = ("single-stream", "multi-stream", "offline")
    asked = scenarios or (streams if rate is None and bound_ms is None else SCENARIOS)
    _check_server(asked, rate, bound_ms)
    for path in filter(None, (save, html)):
        check_writable(path)
    everything = _all_runtimes(effort) if "all" in runtimes else []
    planned = selected(models, runtimes, precisions, threads, batches or effort.batches, asked, everything)
    wish = adapter(**own)
    with quiet_native_log():
        trials = tried(planned, wish)
    for trial in trials.values():
        if trial.note:
            click.echo(printable(trial.note), err=True)
    # Only now, so that wrong use is reported without the 100 ms of these imports.
    from digit_infer.benchmark.machine import measured_machine
    from digit_infer.benchmark.record import Record, Settings
    from digit_infer.cli.bench.output import write_out

    settings = Settings(
        seconds=seconds or effort.seconds,
        rounds=rounds or effort.rounds,
        seed=seed,
        scenarios=asked,
        percentile=effort.percentile if percentile is None else float(percentile),
        width=None if width is None else width / 100,
        pause_ms=pause_ms,
        interleaved=interleave,
        rate=rate,
        bound_ms=bound_ms,
    )
    adapters = {model: trial.adapter for model, trial in trials.items() if trial.adapter is not None}
    outcome, facts = _measured(planned, settings, longest_s, adapters)
    for told in dict.fromkeys(f"{entry.configuration.what}: {entry.reason}" for entry in outcome.skipped):
        click.echo(f"not measured: {printable(told)}", err=True)
    if not outcome.rows:
        if outcome.interrupted:
            raise KeyboardInterrupt
        first = outcome.skipped[0]
        raise RuntimeUnavailableError(f"{first.configuration.what} cannot be measured", first.reason)
    record = Record(facts, settings, measured_machine(outcome.rows), outcome.rows, outcome.skipped)
    with raised():
        write_out(record, as_format, save, html)
    return _status(outcome, runtimes)


def _effort(quick: bool, thorough: bool) -> Effort:
    if quick and thorough:
        raise UsageError("--quick and --thorough contradict one another", "leave one out")
    return QUICK if quick else THOROUGH if thorough else NORMAL


def _check_server(scenarios: Sequence[Scenario], rate: float | None, bound_ms: float | None) -> None:
    """Check that the server scenario has exactly one of --rate and --find-rate, and that others have none."""
    given = [name for name, value in (("--rate", rate), ("--find-rate", bound_ms)) if value is not None]
    if "server" in scenarios and len(given) != 1:
        raise UsageError(
            f"the server scenario takes --rate or --find-rate, and got {' and '.join(given) or 'neither'}",
            "give the queries per second, or the milliseconds that p99 must keep",
        )
    if given and "server" not in scenarios:
        raise UsageError(f"{given[0]} is for the server scenario", "add server to --scenario")


def _all_runtimes(effort: Effort) -> list[RuntimeName]:
    """Return the runtimes of ``all``, and print which are left out."""
    found = available_runtimes()
    if "keras" in found and not effort.with_keras:
        found.remove("keras")
        click.echo("--quick leaves out keras, which takes seconds to start: name it, or leave out --quick", err=True)
    return found


def _measured(
    planned: Sequence[Configuration], settings: Settings, longest_s: float, adapters: dict[str, Adapter]
) -> tuple[Outcome, dict[str, str]]:
    """Measure, and return the outcome with the facts of the machine before the run."""
    from digit_infer.benchmark.environment import environment
    from digit_infer.benchmark.suite import Suite
    from digit_infer.cli.bench.output import live_rows

    facts = environment()
    with live_rows(sys.stderr) as watch, raised():
        return Suite(planned, settings, longest_s=longest_s, adapters=adapters).run(watch), facts


def _status(outcome: Outcome, runtimes: Sequence[str]) -> int:
    """Return the exit code: with ``all``, only broken configurations are failures; else every skipped one is."""
    if outcome.interrupted:
        click.echo("interrupted: these are the rows that were measured", err=True)
        return INTERRUPTED
    failed = outcome.skipped and ("all" not in runtimes or any(entry.broken for entry in outcome.skipped))
    return 1 if failed else 0


command.add_command(compare)
