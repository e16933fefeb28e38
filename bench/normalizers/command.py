"""``python -m bench normalizers``: ``Predictor.predict`` compared with alternatives."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from bench.normalizers.measure import Answered, Pictures, answer, draw, libraries
from bench.normalizers.recipes import RECIPES
from bench.peers.environments import versions
from bench.recording import RESULTS, record
from bench.robustness.real_pictures import labelled
from digit_infer import zoo
from digit_infer.cli.output import Column, print_table
from digit_infer.cli.reporting import quiet_native_log
from digit_infer.errors import UsageError

SCHEMA = 2
RECORD = RESULTS / "normalizers.json"


@click.command()
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--pictures", type=click.IntRange(min=10), default=300, show_default=True, help="Drawn pictures per kind.")
@click.option("--pairs", type=click.IntRange(min=10), default=20, show_default=True, help="Pairs of import timings.")
def normalizers(folders: tuple[Path, ...], pictures: int, pairs: int) -> None:
    """Run each recipe on drawn pictures and on the labelled single digits of FOLDERS; count right answers and time them.

    Needs `python -m bench peers install onnxruntime opencv scikit_image rapidocr tesseract`.
    """
    with quiet_native_log() as stderr, TemporaryDirectory() as place:

        def answered(what: str, asked: Pictures) -> dict[str, Answered]:
            return answer(asked, zoo.DEFAULT_MODEL, lambda name: print(f"{what}: {name}", file=stderr, flush=True))

        labels = {folder.resolve().name: _singles(folder) for folder in folders}
        found = {
            "drawn": answered("drawn", draw(Path(place), pictures)),
            "unseen": answered("never imitated", draw(Path(place), pictures, unseen=True)),
        }
        real = {name: answered(name, asked) for name, asked in labels.items()}
        costs = libraries(pairs)
    rows = [
        (name, *(_share(every[name]) for every in (*found.values(), *real.values())), f"{entry.median_us:,.0f}")
        for name, entry in found["drawn"].items()
    ]
    figures = ("drawn, right", "never imitated, right", *(f"{name}, right" for name in real), "µs a drawn picture")
    print_table([Column("recipe"), *(Column(figure, number=True) for figure in figures)], rows)
    used = sorted({recipe.environment for recipe in RECIPES.values()})
    measured: dict[str, Any] = {
        "model": zoo.DEFAULT_MODEL,
        **{what: _entries(entries) for what, entries in found.items()},
        "real": {name: _entries(entries) for name, entries in real.items()},
        "libraries": {name: asdict(entry) for name, entry in costs.items()},
    }
    packages = {name: version for each in versions(used).values() for name, version in each.items()}
    record("normalizers", measured, packages, SCHEMA)


def _entries(of_recipes: dict[str, Answered]) -> dict[str, Any]:
    return {name: asdict(entry) for name, entry in of_recipes.items()}


def _singles(folder: Path) -> Pictures:
    singles = [picture for picture in labelled(folder) if picture.is_digit]
    if not singles:
        raise UsageError(f"{folder} has no single digits", "name a folder that has some, see its labels.csv")
    return Pictures(
        tuple(picture.path for picture in singles),
        tuple(int(picture.label) for picture in singles),
        tuple(picture.kind for picture in singles),
    )


def _share(entry: Answered) -> str:
    return f"{sum(entry.right.values()) / sum(entry.pictures.values()):.4f}"
