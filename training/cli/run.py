"""``python -m training run`` and ``sweep``: train to the full length, and record the results."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

import click

from digit_infer.cli.output import Column, print_table
from digit_infer.errors import UsageError
from digit_infer.runtimes.keras import load_network
from training import results
from training.cli.options import runs_option
from training.errors import TrainingError
from training.ink.evaluation import evaluate_ink
from training.jobs import Job, run_jobs
from training.progress import JobBars, ProgressBars
from training.recipe import Recipe
from training.recipes import INK, SWEEPS, TRAINED, recipe_named, sweep_named
from training.run import RunFolder, State
from training.sweep import Point, Sweep

_CPU_DIGITS = 6

_jobs_option = click.option(
    "--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Runs at a time, which divide the CPUs."
)


def _cpus(_: click.Context, __: click.Parameter, value: str | None) -> frozenset[int] | None:
    if value is None:
        return None
    words = value.split(",")
    if not all(word.isascii() and word.isdigit() and len(word) < _CPU_DIGITS for word in words):
        raise click.BadParameter(f"{value!r} is no list of CPUs, such as 0,1")
    return frozenset(int(word) for word in words)


@click.command()
@click.argument("names", nargs=-1, metavar="NAME…")
@click.option("--all", "every", is_flag=True, help="Every recipe, and every sweep.")
@click.option("--seed", type=click.IntRange(min=0), help="The one seed to train.  [default: 0]")
@click.option("--seeds", type=click.IntRange(min=1), help="Seeds 0 to SEEDS - 1; recorded runs are skipped.")
@_jobs_option
@click.option(
    "--epochs", type=click.IntRange(min=1), help="Replaces the recipe's number; the record stays in the run's folder."
)
@click.option("--resume", is_flag=True, help="Continue an unfinished run after its last full epoch.")
@click.option("--restart", is_flag=True, help="Delete an earlier run of this seed.")
@click.option("--cpus", callback=_cpus, metavar="N,N…", help="Use only these CPUs (Linux).")
@click.option("--leashed", is_flag=True, hidden=True, help="End when standard input ends, as it does when the caller ends.")
@runs_option
def run(
    names: tuple[str, ...],
    every: bool,
    seed: int | None,
    seeds: int | None,
    jobs: int,
    epochs: int | None,
    resume: bool,
    restart: bool,
    cpus: frozenset[int] | None,
    leashed: bool,
    runs: Path,
) -> int:
    """Train recipes, each to its full length, and record the results.

    With --seeds or --all, each run has its own process, and continues where an earlier call stopped.
    """
    if every == bool(names):
        raise UsageError("what to run is not said", "name recipes, or pass --all")
    recipes = [*TRAINED.values(), *INK.values()] if every else [recipe_named(name) for name in names]
    if every or seeds is not None:
        if any(option is not None for option in (seed, epochs, cpus)) or resume or restart:
            raise UsageError("--seed, --epochs, --cpus, --resume and --restart are for one seed", "leave them, or --seeds")
        return _run_jobs(planned(recipes, seeds or 1, SWEEPS.values() if every else ()), runs, jobs)
    if jobs > 1:
        raise UsageError("--jobs is for several seeds", "pass --seeds, or leave --jobs")
    if resume and restart:
        raise UsageError("--resume and --restart contradict one another", "pass one of them")
    if cpus is not None:
        _keep_to(cpus)
    if leashed:
        threading.Thread(target=_end_with_standard_input, daemon=True).start()
    _run_here(recipes, seed or 0, epochs, runs, resume=resume, restart=restart)
    return 0


@click.command()
@click.argument("name")
@_jobs_option
@runs_option
def sweep(name: str, jobs: int, runs: Path) -> int:
    """Train one network at several values of one setting; continues where an earlier call stopped."""
    plan = sweep_named(name)
    status = _run_jobs([Job(point.recipe, seed) for point, seed in plan.runs()], runs, jobs)
    columns = [Column(plan.varies, number=True), Column("test accuracy by seed"), Column("published")]
    print_table(columns, [_point_cells(point) for point in plan.points])
    return status


def planned(recipes: Iterable[Recipe], seeds: int, sweeps: Iterable[Sweep]) -> list[Job]:
    """Return the runs of some recipes and sweeps: one seed of everything before the next, so that results appear early."""
    once = {recipe.name: recipe for recipe in recipes}
    jobs = [Job(recipe, seed) for recipe in once.values() for seed in range(seeds)]
    jobs += [Job(point.recipe, seed) for plan in sweeps for point, seed in plan.runs()]
    return sorted(jobs, key=lambda job: job.seed)


def finish(recipe: Recipe, folder: RunFolder, state: State) -> None:
    """Evaluate the kept weights of a run, and record them: in ``training/results`` at full length, else in its folder."""
    network = load_network(folder.path / state.best_file)
    evaluation = results.evaluate(network) if recipe.drawn is None else evaluate_ink(network)
    document = results.record(recipe, state, folder, evaluation)
    target = results.RESULTS / recipe.name if document["full_length"] else folder.path
    path = target / f"seed-{state.seed}.json"
    results.write(document, path)
    click.echo(f"{recipe.name}, seed {state.seed}: {evaluation}, {recipe.standing}; recorded in {path}", err=True)


def _run_here(recipes: list[Recipe], seed: int, epochs: int | None, runs: Path, *, resume: bool, restart: bool) -> None:
    folders = [RunFolder.of(runs, recipe, seed) for recipe in recipes]
    for folder in folders:
        if restart:
            folder.clear()
        _refuse_to_overwrite(folder, resume)
    from training.trainer import train

    for recipe, folder in zip(recipes, folders, strict=True):
        with ProgressBars() as bars:
            state = train(recipe, seed, folder, bars, epochs)
        finish(recipe, folder, state)


def _run_jobs(jobs: list[Job], runs: Path, at_once: int) -> int:
    with JobBars() as bars:
        failures = run_jobs(jobs, runs, at_once, bars)
    if failures:
        raise TrainingError(f"{len(failures)} of {len(jobs)} runs failed", "see above; the same command runs them again")
    return 0


def _end_with_standard_input() -> None:
    """Exit when the other end of the pipe is closed; the run can be resumed from its last full epoch."""
    while os.read(sys.stdin.fileno(), 1):  # not by the buffer, whose lock a thread would hold when the interpreter ends
        pass
    os._exit(1)


def _keep_to(cpus: frozenset[int]) -> None:
    if not hasattr(os, "sched_setaffinity"):
        raise UsageError("--cpus needs Linux", "leave it")
    try:
        os.sched_setaffinity(0, cpus)
    except OSError as error:
        raise UsageError(f"this process may not use the CPUs {sorted(cpus)}", "see `taskset -p $$`") from error


def _refuse_to_overwrite(folder: RunFolder, resume: bool) -> None:
    state = folder.read()
    if state is None or resume:
        return
    raise TrainingError(
        f"{folder.path} holds {len(state.history)} epochs of an earlier run", "pass --resume to go on, or --restart"
    )


def _point_cells(point: Point) -> tuple[str, str, str]:
    accuracies = [record["test"]["accuracy"] for record in results.stored(point.recipe)]
    found, published = (" ".join(f"{accuracy:.4f}" for accuracy in row) for row in (accuracies, point.published))
    return point.label, found, published
