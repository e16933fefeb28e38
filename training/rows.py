"""The stored records behind each row of the published table."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Any

import numpy as np

from training import results
from training.errors import TrainingError
from training.recipe import Recipe
from training.recipes import RECIPES, ROWS, SWEEPS, TRAINED
from training.spread import Spread
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
        """The spread of the test accuracies."""
        return Spread(self.accuracies, self.records[0]["test"]["images"])

    @property
    def seconds_an_epoch(self) -> float:
        """The median over all epochs of all runs, first epochs (which compile) left out."""
        epochs: list[float] = [epoch["seconds"] for record in self.records for epoch in record["history"][1:]]
        return statistics.median(epochs)

    def of_seed(self, seed: int) -> dict[str, Any]:
        """Return the record of one seed."""
        [record] = [record for record in self.records if record["seed"] == seed]
        return record

    def curve(self, figure: str) -> list[list[float]]:
        """Return one figure of the history, such as ``val_loss``: a list by epoch for each seed."""
        return [[epoch[figure] for epoch in record["history"]] for record in self.records]

    def answers(self, seed: int = 0) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """Return the digits of a seed's network for the test images, uint8 [10000]."""
        return np.frombuffer(self.of_seed(seed)["test"]["answers"].encode("ascii"), dtype=np.uint8) - ord("0")


@dataclass(frozen=True)
class Row:
    """One row of the published table."""

    number: int
    name: str
    runs: Runs

    @property
    def recipe(self) -> Recipe:
        """The recipe."""
        return self.runs.recipe


def runs_of(recipe: Recipe) -> Runs:
    """Read the records of a recipe, which may be none."""
    return Runs(recipe, tuple(results.stored(recipe)))


def points_of(sweep: Sweep) -> list[tuple[Point, Runs]]:
    """Read the records of a sweep's points.

    Raises:
        TrainingError: a point has no record.
    """
    points = [(point, runs_of(point.recipe)) for point in sweep.points]
    for _, runs in points:
        if not runs.records:
            raise TrainingError(f"no run of {runs.recipe.name} is recorded", f"python -m training sweep {sweep.name}")
    return points


def runs_of_row(name: str) -> Runs:
    """Read the records of a row or of our own network.

    For a sweep they are those of the point with the best mean, as in its notebook.
    """
    if name in TRAINED:
        return runs_of(TRAINED[name])
    points = [runs_of(point.recipe) for point in SWEEPS[name].points]
    return max(points, key=lambda runs: runs.spread.mean if runs.records else 0.0)


def rows() -> list[Row]:
    """Read all rows, in the order of the published table.

    Raises:
        TrainingError: a row has no record.
    """
    found = [Row(number, name, runs_of_row(name)) for number, name in enumerate(ROWS, start=1)]
    for row in found:
        if not row.runs.records:
            command = "run" if row.name in RECIPES else "sweep"
            raise TrainingError(f"no run of {row.name} is recorded", f"python -m training {command} {row.name}")
    return found
