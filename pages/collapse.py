"""Row 15: results at a learning rate of 1e-4, which rate makes the network collapse, and why the loss was 14.68."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from export.drawing import PUBLISHED, TRAINING, VALIDATION, figure
from training.recipes import RECIPES, SWEEPS
from training.rows import Runs, points_of, runs_of
from training.sweep import Point

Points = Sequence[tuple[Point, Runs]]

_ROW = "mlp_64_64_collapse"
_ALWAYS = 0.999
"""From this share of one digit among the answers, a network counts as collapsed."""


def grids() -> tuple[Points, Points]:
    """Return the runs by learning rate: with the loss from logits, and with the loss from clipped probabilities.

    Raises:
        TrainingError: a rate has no record.
    """
    from_logits = [(Point(1e-4, RECIPES[_ROW]), runs_of(RECIPES[_ROW])), *points_of(SWEEPS[_ROW])]
    return from_logits, points_of(SWEEPS[f"{_ROW}_clipped"])


def last_loss(runs: Runs) -> float:
    """Return the last validation loss; this row validates on the test images."""
    return statistics.fmean(curve[-1] for curve in runs.curve("val_loss"))


def figures() -> dict[str, Any]:
    """Return the figures by rate, and which networks collapsed; raises ``TrainingError``: a rate has no record."""
    from_logits, clipped = grids()
    always = [(point, runs) for point, runs in clipped if _commonest(runs)[1] > _ALWAYS]
    return {
        "cost": -math.log(1e-7),
        "runs": from_logits[0][1],
        "lines": zip(from_logits, clipped, strict=True),
        "last_loss": last_loss,
        "commonest": _commonest,
        "dead": tuple(
            [point.label for point, runs in points if _commonest(runs)[1] > _ALWAYS] for points in (clipped, from_logits)
        ),
        "first_dead": always[0] if always else None,
    }


def draw(from_logits: Points, clipped: Points) -> Figure:
    """Draw accuracy and loss after the last epoch against the learning rate."""
    published = from_logits[0][1].recipe.published
    drawn = figure(9, 3.2)
    left, right = drawn.subplots(1, 2)
    for points, colour, label in (
        (from_logits, TRAINING, "loss from the logits (Keras 3)"),
        (clipped, VALIDATION, "loss from clipped probabilities (as in Keras 2)"),
    ):
        rates = [point.value for point, _ in points]
        left.plot(rates, [runs.spread.mean for _, runs in points], color=colour, marker="o", markersize=4, label=label)
        right.plot(rates, [last_loss(runs) for _, runs in points], color=colour, marker="o", markersize=4)
    left.axhline(published.accuracy, color=PUBLISHED, linewidth=0.8, linestyle="--", label="published, said to be at 1e-4")
    right.axhline(published.loss, color=PUBLISHED, linewidth=0.8, linestyle="--")
    for axes, what in ((left, "test accuracy"), (right, "test loss after the last epoch")):
        axes.set_xscale("log")
        axes.set_xlabel("learning rate of RMSprop")
        axes.set_ylabel(what)
    left.legend(fontsize=8)
    return drawn


def _commonest(runs: Runs) -> tuple[int, float]:
    """Return seed 0's most frequent answer, and its share of all answers."""
    counts = np.bincount(runs.answers(), minlength=10)
    return int(counts.argmax()), float(counts.max() / counts.sum())
