"""A sweep: one network at several values of one setting, some replicates each."""

from __future__ import annotations

from dataclasses import dataclass

from training.recipe import Recipe


@dataclass(frozen=True)
class Point:
    """One value, its recipe, and the published test accuracies, if any."""

    value: float
    recipe: Recipe
    published: tuple[float, ...] = ()

    @property
    def label(self) -> str:
        """The value as text."""
        return f"{self.value:g}"


@dataclass(frozen=True)
class Sweep:
    """What ``python -m training sweep NAME`` runs: every point with the seeds 0 to ``replicates`` - 1."""

    name: str
    varies: str
    points: tuple[Point, ...]
    replicates: int

    def runs(self) -> list[tuple[Point, int]]:
        """Return every point with every seed; one seed of all points before the next, so that results appear early."""
        return [(point, seed) for seed in range(self.replicates) for point in self.points]
