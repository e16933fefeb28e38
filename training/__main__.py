"""``python -m training``: list, run, evaluate and select the published networks."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click

from digit_infer.cli.reporting import ReportingGroup
from digit_infer.cli.tables import Column, print_table
from digit_infer.errors import TrainingError, UsageError
from digit_infer.runtimes.keras import load_network
from training import checkpoint, results
from training.recipe import Recipe
from training.recipes import RECIPES, SWEEPS
from training.run import RunFolder, State
from training.sweep import Point

RUNS = Path(__file__).parents[1] / "runs"

_runs_option = click.option(
    "--runs", type=click.Path(path_type=Path), default=RUNS, show_default="runs/", help="Folder of the runs' states."
)


@click.group(cls=ReportingGroup)
def main() -> None:
    """Reproduce the published networks: train them, and say how close each came to what was published."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # before Keras loads its backend; says nothing about errors


@main.command("list")
def list_recipes() -> None:
    """Show every recipe, what was published, and what is recorded here."""
    rows = []
    for recipe in RECIPES.values():
        accuracies = [record["test"]["accuracy"] for record in results.stored(recipe)]
        rows.append(
            (
                recipe.name,
                recipe.group,
                f"{recipe.parameters:,}",
                str(recipe.epochs),
                str(recipe.batch_size),
                recipe.validation,
                f"{recipe.published.accuracy:.4f}",
                f"{sum(accuracies) / len(accuracies):.4f}" if accuracies else "not yet",
                str(len(accuracies)),
            )
        )
    columns = [
        Column("recipe"),
        Column("group"),
        Column("parameters", number=True),
        Column("epochs", number=True),
        Column("batch", number=True),
        Column("validation", may_wrap=True),
        Column("published", number=True),
        Column("reproduced", number=True),
        Column("seeds", number=True),
    ]
    print_table(columns, rows)


@main.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME…")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "--epochs", type=click.IntRange(min=1), help="Instead of the recipe's number; its record stays in the run's folder."
)
@click.option("--resume", is_flag=True, help="Go on after the last full epoch of an unfinished run.")
@click.option("--restart", is_flag=True, help="Forget what an earlier run of this seed left.")
@_runs_option
def run(names: tuple[str, ...], seed: int, epochs: int | None, resume: bool, restart: bool, runs: Path) -> None:
    """Train recipes, each to its full length, and record what came out."""
    if resume and restart:
        raise UsageError("--resume and --restart contradict one another", "pass one of them")
    recipes = [_recipe(name) for name in names]
    folders = [RunFolder.of(runs, recipe, seed) for recipe in recipes]
    for folder in folders:
        if restart:
            folder.clear()
        _refuse_to_overwrite(folder, resume)
    from training.progress import ProgressBars
    from training.trainer import train

    for recipe, folder in zip(recipes, folders, strict=True):
        with ProgressBars() as bars:
            state = train(recipe, seed, folder, bars, epochs)
        _finish(recipe, folder, state)


@main.command()
@click.argument("name")
@_runs_option
def sweep(name: str, runs: Path) -> None:
    """Train one network at several values of one setting; goes on where an earlier call stopped."""
    if name not in SWEEPS:
        raise UsageError(f"there is no sweep {name!r}", f"choose from {', '.join(SWEEPS)}")
    from training.progress import ProgressBars
    from training.trainer import train

    for point, seed in SWEEPS[name].runs():
        if any(record["seed"] == seed for record in results.stored(point.recipe)):
            continue
        folder = RunFolder.of(runs, point.recipe, seed)
        with ProgressBars() as bars:
            state = train(point.recipe, seed, folder, bars)
        _finish(point.recipe, folder, state)
    columns = [Column(SWEEPS[name].varies, number=True), Column("test accuracy by seed"), Column("published")]
    print_table(columns, [_point_cells(point) for point in SWEEPS[name].points])


@main.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
def evaluate(name: str, as_json: bool) -> None:
    """Run the shipped checkpoint of NAME over the 10,000 test images."""
    recipe = _recipe(name)
    path = checkpoint.CHECKPOINTS / f"{name}.keras"
    if not path.exists():
        raise TrainingError(f"{path} does not exist", f"python -m training run {name} && python -m training select {name}")
    evaluation = results.evaluate(load_network(path))
    gap = evaluation.accuracy - recipe.published.accuracy
    if as_json:
        document: dict[str, Any] = {
            "schema": results.SCHEMA,
            "recipe": name,
            "accuracy": evaluation.accuracy,
            "interval_95": list(evaluation.interval),
            "correct": evaluation.correct,
            "images": evaluation.images,
            "loss": evaluation.loss,
            "published": recipe.published.accuracy,
            "gap": gap,
        }
        click.echo(json.dumps(document))
        return
    low, high = evaluation.interval
    click.echo(
        f"{name}: {evaluation.accuracy:.4f} ({low:.4f} to {high:.4f}) on {evaluation.images:,} test images, "
        f"loss {evaluation.loss:.4f}; published {recipe.published.accuracy:.4f}, gap {gap:+.4f}"
    )


@main.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME…")
@_runs_option
def select(names: tuple[str, ...], runs: Path) -> None:
    """Make the weights of seed 0 the checkpoint that exports start from."""
    for recipe in [_recipe(name) for name in names]:
        path, record = checkpoint.select(recipe, runs)
        click.echo(f"{path}: epoch {record['kept_epoch']} of {checkpoint.RULE}")


def _point_cells(point: Point) -> tuple[str, str, str]:
    accuracies = [record["test"]["accuracy"] for record in results.stored(point.recipe)]
    found, published = (" ".join(f"{accuracy:.4f}" for accuracy in row) for row in (accuracies, point.published))
    return f"{point.value:g}", found, published


def _recipe(name: str) -> Recipe:
    try:
        return RECIPES[name]
    except KeyError:
        raise UsageError(f"there is no recipe {name!r}", f"choose from {', '.join(RECIPES)}") from None


def _refuse_to_overwrite(folder: RunFolder, resume: bool) -> None:
    state = folder.read()
    if state is None or resume:
        return
    raise TrainingError(
        f"{folder.path} holds {len(state.history)} epochs of an earlier run", "pass --resume to go on, or --restart"
    )


def _finish(recipe: Recipe, folder: RunFolder, state: State) -> None:
    evaluation = results.evaluate(load_network(folder.path / state.best_file))
    document = results.record(recipe, state, folder, evaluation)
    target = results.RESULTS / recipe.name if document["full_length"] else folder.path
    path = target / f"seed-{state.seed}.json"
    results.write(document, path)
    low, high = evaluation.interval
    click.echo(
        f"{recipe.name}, seed {state.seed}: test accuracy {evaluation.accuracy:.4f} ({low:.4f} to {high:.4f}), "
        f"published {recipe.published.accuracy:.4f}; recorded in {path}",
        err=True,
    )


if __name__ == "__main__":
    main(prog_name="python -m training")
