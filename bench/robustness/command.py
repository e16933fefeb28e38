"""``python -m bench robustness`` and ``real-pictures``: accuracy on pictures unlike MNIST's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from bench.recording import RESULTS, record
from bench.robustness.measure import calibration, on_corrupted, on_drawn, on_out_of_distribution, on_pages
from bench.robustness.real_pictures import Read, in_all, labelled_by_name, mean_share, read_all
from digit_infer import Predictor, dataset, zoo
from digit_infer.benchmark.environment import environment
from digit_infer.cli.output import Column, print_table
from digit_infer.cli.reporting import quiet_native_log
from digit_infer.files import write_text
from export.records import of_models as _again
from export.stored import store_models, stored_document

SCHEMA = 2
ROBUSTNESS, REAL_PICTURES = RESULTS / "robustness.json", RESULTS / "real_pictures.json"

_models = click.option(
    "--model", "models", multiple=True, type=click.Choice(list(zoo.models())), help="Repeatable. [default: all]"
)


@click.command()
@_again
@click.option("--pictures", type=click.IntRange(min=10), default=1_000, show_default=True, help="Drawn pictures per kind.")
@click.option(
    "--agreeing", type=click.IntRange(min=10, max=10_000), default=10_000, show_default=True, help="Of drawn_out."
)
def robustness(only: tuple[str, ...], pictures: int, agreeing: int) -> None:
    """Measure models on a corrupted MNIST, on drawn pictures and on pictures of no digit, and record the results.

    Drawn kinds that training does not imitate are reported separately. Measure all models again when the picture path
    answers otherwise, and only the changed ones when a model is new.
    """
    with quiet_native_log(), ExitStack() as opened:
        predictors = {name: opened.enter_context(Predictor(name)) for name in only or zoo.models()}
        damaged = on_corrupted(predictors)
        drawn = on_drawn(predictors, pictures, agreeing)
        rejected = on_out_of_distribution(predictors, pictures)
        results = {
            name: {
                "sha256": zoo.model_named(name).checkpoint.sha256,
                "reject_below": predictor.reject_below,
                "corrupted": asdict(damaged[name][0]),
                "calibration": asdict(calibration(predictor, damaged[name][1])),
                "drawn": asdict(drawn[name]),
                "strangers": asdict(rejected[name]),
            }
            for name, predictor in predictors.items()
        }
    rows = [
        (name, f"{damaged[name][0].clean:.4f}", f"{damaged[name][0].mean:.4f}", f"{drawn[name].agreeing:.4f}")
        for name in predictors
    ]
    figures = ("test images", "corrupted, mean", "drawn out, agreeing")
    print_table([Column("model"), *(Column(figure, number=True) for figure in figures)], rows)
    kinds = [("", kind) for kind in drawn[next(iter(predictors))].by_kind]
    kinds += [("never imitated", kind) for kind in drawn[next(iter(predictors))].unseen]
    print_table(
        [Column("drawn"), Column("kind"), *(Column(name, number=True) for name in predictors)],
        [
            (where, kind, *(f"{(each.unseen if where else each.by_kind)[kind]:.3f}" for each in drawn.values()))
            for where, kind in kinds
        ],
    )
    store_models(ROBUSTNESS, SCHEMA, "models", results, lambda item: item[0], only, "python -m bench robustness")
    click.echo(f"recorded in {ROBUSTNESS}", err=True)


@click.command()
@click.option("--model", "models", multiple=True, type=click.Choice(list(zoo.models())), default=(zoo.DEFAULT_MODEL,))
@click.option("--count", type=click.IntRange(min=5), default=200, show_default=True, help="Pages of each kind.")
def pages(models: tuple[str, ...], count: int) -> None:
    """Read pages that are drawn around test digits, as people write numbers, and record how many are exact, by kind."""
    with quiet_native_log(), ExitStack() as opened:
        predictors = {name: opened.enter_context(Predictor(name)) for name in models}
        exact = on_pages(predictors, count, dataset.load("test"))
    print_table(
        [Column("kind"), *(Column(name, number=True) for name in models)],
        [(kind, *(f"{exact[name][kind]} of {count}" for name in models)) for kind in exact[models[0]]],
    )
    found = {name: {"sha256": zoo.model_named(name).checkpoint.sha256, "exact": exact[name]} for name in models}
    record("pages", {"pages": count, "models": found})


@click.command("real-pictures")
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path, file_okay=False, exists=True))
@_models
def real_pictures(folders: tuple[Path, ...], models: tuple[str, ...]) -> None:
    """Predict the labelled pictures of FOLDERS, and record how many are right, by folder and kind.

    The first of FOLDERS with digits sets the confidence that keeps 99 % of the right ones; with it, pictures without a
    digit in all folders are rejected. With --model, the recorded results of other models stay.
    """
    by_name = labelled_by_name(folders)
    answered: dict[str, dict[str, Read]] = {name: {} for name in by_name}
    for model in models or zoo.models():
        with quiet_native_log(), Predictor(model) as predictor:
            for name, pictures in by_name.items():
                answered[name][model] = read_all(predictor, pictures)
    for name, of_models in answered.items():
        others = {model: keeping_99(answered, model) for model in of_models}
        print_table([Column(name), *(Column(model, number=True) for model in of_models)], rows_of(of_models, others))
        _record(name, {model: _entry(model, read, others[model]) for model, read in of_models.items()}, models)
    click.echo(f"recorded in {REAL_PICTURES}", err=True)


def keeping_99(answered: dict[str, dict[str, Read]], model: str) -> float | None:
    """Return the confidence that keeps 99 % of the right digits in the first folder that has any."""
    return next((found[model].keeps_99 for found in answered.values() if found[model].keeps_99 is not None), None)


def rows_of(of_models: dict[str, Read], least: dict[str, float | None]) -> Iterator[tuple[str, ...]]:
    """Yield rows of a table: right answers of each model by kind and in all, and rejected pictures without a digit."""
    first = next(iter(of_models.values()))
    for ask in ("predict", "read"):
        kinds = {model: getattr(read, ask) for model, read in of_models.items()}
        if not getattr(first, ask):
            continue
        for kind in getattr(first, ask):
            yield (f"{ask}: {kind}", *(f"{found[kind].right} of {found[kind].pictures}" for found in kinds.values()))
        in_total = [in_all(found) for found in kinds.values()]
        yield (f"{ask}, all", *(f"{total.right} of {total.pictures}" for total in in_total))
        yield (f"{ask}, all, and is_digit is right", *(f"{total.right_and_kept} of {total.pictures}" for total in in_total))
        yield (f"{ask}, mean over kinds", *(f"{mean_share(found):.4f}" for found in kinds.values()))
    if first.no_digits.pictures:
        found = [read.no_digits for read in of_models.values()]
        yield ("no digit, rejected as installed", *(f"{each.rejected} of {each.pictures}" for each in found))
        at_99 = [None if bar is None else each.rejected_below(bar) for each, bar in zip(found, least.values(), strict=True)]
        yield (
            "no digit, rejected where 99 % of right digits are kept",
            *("no digits to compare with" if each is None else str(each) for each in at_99),
        )


def _entry(model: str, read: Read, least: float | None) -> dict[str, Any]:
    at_99 = None if least is None else {"below": least, "rejected": read.no_digits.rejected_below(least)}
    return {"sha256": zoo.model_named(model).checkpoint.sha256, **asdict(read), "rejected_at_99": at_99}


def _record(folder: str, measured: dict[str, Any], only: tuple[str, ...]) -> None:
    """Store one folder's results among those of others, or replace the models ``only`` in them.

    A folder's environment is that of its first run; ``later`` has that of each model measured by name.
    """
    folders: dict[str, Any] = {}
    if REAL_PICTURES.exists() and json.loads(REAL_PICTURES.read_text(encoding="utf-8")).get("schema") == SCHEMA:
        with stored_document(REAL_PICTURES, SCHEMA, "python -m bench real-pictures FOLDER") as stored:
            folders = stored["folders"]
    if not only or folder not in folders:
        folders[folder] = {"environment": environment(), "models": {}}
    folders[folder]["models"] |= measured
    if only:
        folders[folder]["later"] = folders[folder].get("later", {}) | dict.fromkeys(only, environment())
    write_text(REAL_PICTURES, json.dumps({"schema": SCHEMA, "folders": folders}, indent=1) + "\n")
