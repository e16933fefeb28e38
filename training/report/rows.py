"""The stored records behind each row of the published table."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from digit_infer.errors import TrainingError
from training import results
from training.recipe import Recipe
from training.recipes import RECIPES, ROWS, SWEEPS
from training.report.spread import Spread
from training.sweep import Point, Sweep


@dataclass(frozen=True)
class Runs:
    """The recorded runs of one recipe, by seed."""

    recipe: Recipe
    records: tuple[dict[str, Any], ...]

    @property
    def accuracies(self) -> tuple[float, ...]:
        """Test accuracies."""
        return tuple(record["test"]["accuracy"] for record in self.records)

    @property
    def losses(self) -> tuple[float, ...]:
        """Test losses."""
        return tuple(record["test"]["loss"] for record in self.records)

    @property
    def spread(self) -> Spread:
        """What the test accuracies say together."""
        return Spread(self.accuracies, self.records[0]["test"]["images"])

    @property
    def seconds_an_epoch(self) -> float:
        """The median over all epochs of all runs, first epochs (which compile) left out."""
        epochs: list[float] = [epoch["seconds"] for record in self.records for epoch in record["history"][1:]]
        return statistics.median(epochs)

    def curve(self, figure: str) -> list[list[float]]:
        """Return one figure of the history, such as ``val_loss``: a list by epoch for each seed."""
        return [[epoch[figure] for epoch in record["history"]] for record in self.records]

    def answers(self, seed: int = 0) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """Return the digit that a seed's network gave each test image, uint8 [10000]."""
        [record] = [record for record in self.records if record["seed"] == seed]
        return np.frombuffer(record["test"]["answers"].encode("ascii"), dtype=np.uint8) - ord("0")


@dataclass(frozen=True)
class Row:
    """One row of the published table."""

    number: int
    name: str
    runs: Runs

    @property
    def recipe(self) -> Recipe:
        """What was declared."""
        return self.runs.recipe


def runs_of(recipe: Recipe, folder: Path = results.RESULTS) -> Runs:
    """Read what is recorded of a recipe.

    Raises:
        TrainingError: nothing is.
    """
    records = tuple(results.stored(recipe, folder))
    if not records:
        raise TrainingError(f"no run of {recipe.name} is recorded", f"python -m training run {recipe.name} --seeds 1")
    return Runs(recipe, records)


def points_of(sweep: Sweep, folder: Path = results.RESULTS) -> list[tuple[Point, Runs]]:
    """Read what is recorded of a sweep's points."""
    return [(point, runs_of(point.recipe, folder)) for point in sweep.points]


def rows(folder: Path = results.RESULTS) -> list[Row]:
    """Read all rows, in the order of the published table. A sweep stands for its best point, as the notebook chose it."""
    return [Row(number, name, _runs_of_row(name, folder)) for number, name in enumerate(ROWS, start=1)]


def _runs_of_row(name: str, folder: Path) -> Runs:
    if name in RECIPES:
        return runs_of(RECIPES[name], folder)
    return max((runs for _, runs in points_of(SWEEPS[name], folder)), key=lambda runs: runs.spread.mean)
