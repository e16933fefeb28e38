"""Row 6: the weight-decay sweep of group B, and attempts to reach the accuracy in LeCun's table."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from export.drawing import PUBLISHED, TRAINING, VALIDATION, figure
from training.checkpoint import best_on_validation, validation_accuracy
from training.recipes import SWEEPS
from training.rows import Runs, points_of
from training.sweep import Point

LECUN = 0.9847
"""Accuracy of the 500-300 network with weight decay in LeCun's table."""

SWEEP = "mlp_500_300_l2"

ATTEMPTS = {
    "mlp_500_300_l2_held_out": "as published, on 55,000 images",
    "mlp_500_300_l2_cosine": "with a falling learning rate",
    "mlp_500_300_l2_momentum": "falling, with momentum 0.9",
}
"""Sweeps with 5,000 training images held out, and their labels."""

_COLOURS = ("#5b8c3a", VALIDATION, "#7d5ba6")
_ASIDE = 8e-6


def figures() -> dict[str, Any]:
    """Return the sweep, its extremes, and each attempt's choice; raises ``TrainingError``: a sweep has no record."""
    points = points_of(SWEEPS[SWEEP])
    fitted = [curve[-1] for _, runs in points for curve in runs.curve("accuracy")]
    point, runs = min(points, key=lambda found: found[1].spread.worst)
    seed = runs.accuracies.index(runs.spread.worst)
    by_seed = [
        max(points, key=lambda found: found[1].accuracies[number])[0].label
        for number in range(min(len(runs.accuracies) for _, runs in points))
    ]
    chosen = {name: best_on_validation(SWEEPS[name]) for name in ATTEMPTS}
    return {
        "lecun": LECUN,
        "points": points,
        "by_seed": by_seed,
        "published_best": max(value for point, _ in points for value in point.published),
        "best": max(runs.spread.best for _, runs in points),
        "fitted": (min(fitted), max(fitted)),
        "worst": {"point": point, "runs": runs, "seed": seed, "before": runs.curve("val_accuracy")[seed][-2]},
        "attempts": [(ATTEMPTS[name], *found, validation_accuracy(found)) for name, found in chosen.items()],
    }


def draw(reproduced: Sequence[tuple[Point, Runs]], attempts: Mapping[str, Sequence[tuple[Point, Runs]]]) -> Figure:
    """Draw test accuracy against the L2 factor: the published sweep and ours on the left, the attempts on the right."""
    drawn = figure(9, 3.4)
    left, right = drawn.subplots(1, 2, sharey=True)
    factors = [point.value for point, _ in reproduced]
    published = [point.published for point, _ in reproduced]
    _series(left, [factor - _ASIDE for factor in factors], published, PUBLISHED, "published")
    ours = [runs.accuracies for _, runs in reproduced]
    _series(left, [factor + _ASIDE for factor in factors], ours, TRAINING, "reproduced")
    for (name, points), colour in zip(attempts.items(), _COLOURS, strict=True):
        values = [runs.accuracies for _, runs in points]
        _series(right, [point.value for point, _ in points], values, colour, ATTEMPTS[name])
    for axes, title in ((left, "as published, test set watched"), (right, "trained on 55,000 images, 5,000 held out")):
        axes.axhline(LECUN, color="black", linewidth=0.8, linestyle="--", label=f"{LECUN}, LeCun's table")
        axes.set_xlabel("L2 factor")
        axes.set_title(title, fontsize=9)
        axes.legend(fontsize=8)
    left.set_ylabel("test accuracy (mean ± deviation)")
    return drawn


def _series(axes: Axes, factors: Sequence[float], values: Sequence[Sequence[float]], colour: str, label: str) -> None:
    means = [statistics.fmean(replicates) for replicates in values]
    deviations = [statistics.stdev(replicates) if len(replicates) > 1 else 0.0 for replicates in values]
    axes.errorbar(factors, means, deviations, color=colour, marker="o", markersize=4, capsize=2, linewidth=1, label=label)
