"""``python -m bench normalizers``: our normaliser beside what a user would write with OpenCV or scikit-image."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from bench.normalizers.measure import Normalized, Pictures, answer, draw, libraries
from bench.normalizers.recipes import RECIPES
from bench.peers.environments import versions
from bench.recording import record
from bench.robustness.real_pictures import labelled
from digit_infer import zoo
from digit_infer.cli.native_log import quiet_native_log
from digit_infer.cli.tables import Column, print_table


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), required=False)
@click.option("--pictures", type=click.IntRange(min=10), default=300, show_default=True, help="Of each kind that is drawn.")
@click.option("--pairs", type=click.IntRange(min=10), default=20, show_default=True, help="Of processes that import.")
def normalizers(folder: Path | None, pictures: int, pairs: int) -> None:
    """Bring drawn pictures, and the labelled single digits of FOLDER, into MNIST's form by each recipe; count and time.

    Needs `python -m bench peers install opencv scikit_image`.
    """
    with quiet_native_log() as stderr, TemporaryDirectory() as place:

        def tell(name: str) -> None:
            print(name, file=stderr, flush=True)

        drawn = answer(draw(Path(place), pictures), zoo.DEFAULT_MODEL, tell)
        real = {} if folder is None else answer(_real(folder), zoo.DEFAULT_MODEL, tell)
        costs = libraries(pairs)
    rows = [
        (name, _share(entry), _share(real[name]) if real else "", f"{entry.median_us:,.0f}")
        for name, entry in drawn.items()
    ]
    figures = ("drawn, right", "real, right", "µs a picture")
    print_table([Column("recipe"), *(Column(figure, number=True) for figure in figures)], rows)
    used = sorted({recipe.environment for recipe in RECIPES.values()})
    found: dict[str, Any] = {
        "model": zoo.DEFAULT_MODEL,
        "drawn": {name: asdict(entry) for name, entry in drawn.items()},
        "real": {name: asdict(entry) for name, entry in real.items()},
        "libraries": {name: asdict(entry) for name, entry in costs.items()},
    }
    record("normalizers", found, {name: version for each in versions(used).values() for name, version in each.items()})


def _real(folder: Path) -> Pictures:
    singles = [picture for picture in labelled(folder) if not picture.several]
    return Pictures(
        tuple(picture.path for picture in singles),
        tuple(int(picture.label) for picture in singles),
        tuple(picture.kind for picture in singles),
    )


def _share(entry: Normalized) -> str:
    return f"{sum(entry.right.values()) / sum(entry.pictures.values()):.4f}"
