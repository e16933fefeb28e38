"""``python -m training list``, ``record``, ``evaluate``, ``select``, ``operating-points``: records and checkpoints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from digit_infer.benchmark.statistics import mean_and_deviation
from digit_infer.cli.output import Column, print_table
from digit_infer.errors import UsageError
from digit_infer.runtimes.keras import load_network
from training import checkpoint, results
from training.cli.options import runs_option
from training.cli.run import finish
from training.errors import TrainingError
from training.ink.evaluation import evaluate_ink
from training.recipes import MODELS, OWN, SWEEPS, TRAINED, recipe_named
from training.rows import runs_of_row
from training.run import RunFolder


@click.command("list")
def list_rows() -> None:
    """List the rows of the published table and our own networks, with their recorded accuracy."""
    rows = []
    for name in MODELS:
        runs = runs_of_row(name)
        recipe = runs.recipe
        rows.append(
            (
                name,
                recipe.group,
                f"{recipe.parameters:,}",
                str(recipe.epochs),
                str(recipe.batch_size),
                recipe.validation,
                "" if recipe.claim is None else f"{recipe.claim.accuracy:.4f}",
                mean_and_deviation(runs.accuracies) if runs.records else "not yet",
                str(len(runs.records)),
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
        Column("reproduced"),
        Column("seeds", number=True),
    ]
    print_table(columns, rows)


@click.command()
@click.argument("names", nargs=-1, metavar="NAME…")
@click.option("--all", "every", is_flag=True, help="Every recipe, and every point of every sweep.")
@runs_option
def record(names: tuple[str, ...], every: bool, runs: Path) -> None:
    """Evaluate finished runs again and rewrite their records."""
    if every == bool(names):
        raise UsageError("what to record is not said", "name recipes, or pass --all")
    points = [point.recipe for sweep in SWEEPS.values() for point in sweep.points]
    for recipe in [*TRAINED.values(), *points] if every else [recipe_named(name) for name in names]:
        folders = [RunFolder(path) for path in sorted((runs / recipe.name).glob("seed-*"))]
        finished = [(folder, state) for folder in folders if (state := folder.read()) is not None and state.finished]
        for folder, state in finished:
            if state.fingerprint != recipe.fingerprint():
                raise TrainingError(f"{folder.path} holds a run of another version of {recipe.name}", "train it again")
            finish(recipe, folder, state)
        if not finished and not every:
            raise TrainingError(f"{runs / recipe.name} holds no finished run", f"python -m training run {recipe.name}")


@click.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
def evaluate(name: str, as_json: bool) -> None:
    """Evaluate the checkpoint of NAME on the 10,000 test images, or inknet on held-out drawn pictures."""
    recipe = checkpoint.shipped(name).recipe
    path = checkpoint.path_of(name)
    if not path.exists():
        raise TrainingError(f"{path} does not exist", checkpoint.how_to_make(name))
    if recipe.drawn is not None:
        marked = evaluate_ink(load_network(path))
        said = f"{name}: {marked}"
        click.echo(json.dumps({"schema": results.SCHEMA, "recipe": name, **marked.document()}) if as_json else said)
        return
    evaluation = results.evaluate(load_network(path))
    published = None if recipe.claim is None else recipe.claim.accuracy
    if as_json:
        document: dict[str, Any] = {
            "schema": results.SCHEMA,
            "recipe": name,
            "accuracy": evaluation.accuracy,
            "interval_95": list(evaluation.interval),
            "correct": evaluation.correct,
            "images": evaluation.images,
            "loss": evaluation.loss,
            "published": published,
            "gap": None if published is None else evaluation.accuracy - published,
        }
        click.echo(json.dumps(document))
        return
    low, high = evaluation.interval
    click.echo(
        f"{name}: {evaluation.accuracy:.4f} ({low:.4f} to {high:.4f}) on {evaluation.images:,} test images, "
        f"loss {evaluation.loss:.4f}; {recipe.standing}"
        + ("" if published is None else f", gap {evaluation.accuracy - published:+.4f}")
    )


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME…")
@runs_option
def select(names: tuple[str, ...], runs: Path) -> None:
    """Copy the selected weights of NAMEs to training/checkpoints, from which exports start."""
    for name in names:
        chosen = checkpoint.select(name, runs)
        click.echo(f"{checkpoint.path_of(name)}: epoch {chosen.record['kept_epoch']} of {chosen.rule}")


@click.command("operating-points")
@click.argument("names", nargs=-1, required=True, type=click.Choice(list(OWN)), metavar="NAME…")
def operating_points(names: tuple[str, ...]) -> None:
    """Measure the shares of digits and non-digits kept by confidence for the checkpoints of NAMEs, and record them."""
    from training.operating_points import measure

    for name in names:
        curve = measure(name)
        click.echo(f"{name}, on digits of: {curve.digits}", err=True)
        columns = [Column(title, number=True) for title in ("digits kept", "confidence", "drawn non-digits rejected")]
        print_table(
            columns, [(f"{point.kept:g}", f"{point.confidence:.4f}", f"{point.rejected:.4f}") for point in curve.points]
        )
