"""Whether ``digit-infer bench compare`` detects an injected slowdown, and reports none where there is none."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import click

from bench.recording import record
from digit_infer import zoo
from digit_infer.benchmark.comparison.judgement import Finding, Limits
from digit_infer.benchmark.comparison.pairing import compare
from digit_infer.benchmark.comparison.runs import METRICS, Run, run_of_record
from digit_infer.benchmark.configuration import NORMAL, Configuration
from digit_infer.benchmark.environment import environment
from digit_infer.benchmark.machine import measured_machine
from digit_infer.benchmark.process import PREDICTOR
from digit_infer.benchmark.record import Record, Settings
from digit_infer.benchmark.suite import Suite
from digit_infer.cli.output import Column, print_table
from digit_infer.errors import MeasurementError

MODELS = ("lenet5_v2", "shallow_cnn", "softmax_regression")
FACTOR = 1.10
LIMITS = Limits(share=0.05, absolute_us=0.2)


@dataclass(frozen=True)
class Trial:
    """Findings of one run against a repetition, and against a slowed run."""

    same: tuple[Finding, ...]
    slowed: tuple[Finding, ...]


def settings_of(rounds: int, seconds: float) -> Settings:
    """Return the settings of a run: single-stream, ``seconds`` per model over ``rounds`` fresh processes."""
    return Settings(
        seconds=seconds,
        rounds=rounds,
        seed=0,
        scenarios=("single-stream",),
        percentile=90,
        width=None,
        pause_ms=0.0,
        interleaved=False,
        rate=None,
        bound_ms=None,
    )


def judged(runs: Sequence[Run]) -> list[Trial]:
    """Compare alternating runs A B A B … A, where B is slowed: each A with the B and the A after it."""
    return [
        Trial(*(compare(first, other, LIMITS, METRICS).findings for other in (same, slowed)))
        for first, slowed, same in zip(runs[::2], runs[1::2], runs[2::2], strict=False)  # the last A starts no trial
    ]


def measured(models: Sequence[str], settings: Settings, factor: float | None) -> Run:
    """Measure one run; ``factor`` None injects nothing."""
    planned = [Configuration(model, "onnx-cpu", "float32", 1, 1) for model in models]
    process = PREDICTOR if factor is None else (sys.executable, "-m", "bench.slowed", str(factor))
    facts = environment()
    outcome = Suite(planned, settings, lambda _: process).run(lambda _: None)
    if len(outcome.rows) < len(planned):
        raise MeasurementError("not every model could be measured", "; ".join(skip.reason for skip in outcome.skipped))
    return run_of_record(Record(facts, settings, measured_machine(outcome.rows), outcome.rows, outcome.skipped), "planted")


def counted(trials: Sequence[Trial]) -> dict[str, dict[str, object]]:
    """Return the counts of verdicts and the ratios of times, by subject and metric."""
    found: dict[str, dict[str, object]] = {}
    for name, pairs in _by_figure(trials).items():
        same, slowed = zip(*pairs, strict=True)
        found[name] = {
            "trials": len(pairs),
            "slowed": dict(Counter(finding.verdict for finding in slowed)),
            "same": dict(Counter(finding.verdict for finding in same)),
            "slowed_ratios": _ratios(slowed),
            "same_ratios": _ratios(same),
        }
    return found


def _by_figure(trials: Iterable[Trial]) -> dict[str, list[tuple[Finding, Finding]]]:
    pairs: dict[str, list[tuple[Finding, Finding]]] = {}
    for trial in trials:
        for same, slowed in zip(trial.same, trial.slowed, strict=True):
            pairs.setdefault(f"{same.subject}, {same.metric}", []).append((same, slowed))
    return pairs


def _ratios(findings: Iterable[Finding]) -> list[float | None]:
    return [None if finding.change is None else round(finding.change.ratio, 4) for finding in findings]


def _told(counts: object) -> str:
    assert isinstance(counts, dict)  # for mypy: ``counted`` made it
    return ", ".join(f"{number} {verdict}" for verdict, number in sorted(counts.items()))


@click.command("planted")
@click.option("--trials", type=click.IntRange(min=1), default=20, show_default=True)
@click.option("--model", "models", multiple=True, type=click.Choice(list(zoo.models())), default=MODELS, show_default=True)
@click.option("--rounds", type=click.IntRange(min=1), default=NORMAL.rounds, show_default=True, help="Processes per run.")
@click.option("--seconds", type=click.FloatRange(min=0.1), default=NORMAL.seconds, show_default=True, help="Per model.")
def command(trials: int, models: tuple[str, ...], rounds: int, seconds: float) -> None:
    """Compare runs with one slowed by 10 %, and with a repetition; count the verdicts."""
    settings = settings_of(rounds, seconds)
    factors = [None, *[FACTOR, None] * trials]
    results = counted(judged([measured(models, settings, factor) for factor in factors]))
    columns = [Column("what"), Column("trials", number=True), Column("slowed by 10 %"), Column("the same again")]
    rows = [(name, str(of["trials"]), _told(of["slowed"]), _told(of["same"])) for name, of in results.items()]
    print_table(columns, rows)
    record("planted", {"factor": FACTOR, "rounds": rounds, "seconds": seconds, "results": results})
