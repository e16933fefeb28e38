"""``python -m bench robustness`` and ``real-pictures``: what models answer where pictures are not as MNIST's."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from bench.robustness.measure import calibration, on_corrupted, on_drawn, on_strangers
from bench.robustness.real_pictures import Kind, labelled, read_all
from digit_infer import Predictor, zoo
from digit_infer.cli.native_log import quiet_native_log
from digit_infer.cli.tables import Column, print_table
from export.stored import store_measured

SCHEMA = 1
RESULTS = Path(__file__).parents[1] / "results"
ROBUSTNESS, REAL_PICTURES = RESULTS / "robustness.json", RESULTS / "real_pictures.json"

_models = click.option(
    "--model", "models", multiple=True, type=click.Choice(list(zoo.models())), help="Repeatable. [default: all]"
)


@click.command()
@_models
@click.option(
    "--pictures", type=click.IntRange(min=10), default=1_000, show_default=True, help="Of each kind that is drawn."
)
@click.option("--agreeing", type=click.IntRange(min=10, max=10_000), default=10_000, show_default=True, help="Drawn out.")
def robustness(models: tuple[str, ...], pictures: int, agreeing: int) -> None:
    """Run models over a corrupted MNIST, drawn pictures and pictures of no digit, and record what they answer."""
    with quiet_native_log(), ExitStack() as opened:
        predictors = {name: opened.enter_context(Predictor(name)) for name in models or zoo.models()}
        damaged = on_corrupted(predictors)
        drawn = on_drawn(predictors, pictures, agreeing)
        strangers = on_strangers(predictors, pictures)
        results = {
            name: {
                "sha256": zoo.model_named(name).checkpoint.sha256,
                "reject_below": predictor.reject_below,
                "corrupted": asdict(damaged[name][0]),
                "calibration": asdict(calibration(predictor, damaged[name][1])),
                "drawn": asdict(drawn[name]),
                "strangers": asdict(strangers[name]),
            }
            for name, predictor in predictors.items()
        }
    rows = [
        (name, f"{damaged[name][0].clean:.4f}", f"{damaged[name][0].mean:.4f}", f"{drawn[name].agreeing:.4f}")
        for name in predictors
    ]
    figures = ("test images", "corrupted, mean", "drawn out, agreeing")
    print_table([Column("model"), *(Column(figure, number=True) for figure in figures)], rows)
    _record(ROBUSTNESS, {"models": results})


@click.command("real-pictures")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
@_models
def real_pictures(folder: Path, models: tuple[str, ...]) -> None:
    """Read the labelled pictures of FOLDER, and record how many are right, by kind."""
    pictures = labelled(folder)
    results: dict[str, Any] = {}
    rows = []
    for name in models or zoo.models():
        with quiet_native_log(), Predictor(name) as predictor:
            read = read_all(predictor, pictures)
        results[name] = {"sha256": zoo.model_named(name).checkpoint.sha256, **asdict(read)}
        everything = Kind(*(sum(getattr(kind, part) for kind in read.single.values()) for part in Kind.__annotations__))
        rows.append(
            (name, *(f"{kind.right} of {kind.pictures}" for kind in (everything, *read.single.values(), read.several)))
        )
    kinds = ["single digits", *read.single, "several digits"]
    print_table([Column("model"), *(Column(kind, number=True) for kind in kinds)], rows)
    _record(REAL_PICTURES, {"folder": folder.resolve().name, "models": results})


def _record(path: Path, measured: dict[str, Any]) -> None:
    store_measured(path, SCHEMA, measured)
    click.echo(f"recorded in {path}", err=True)
