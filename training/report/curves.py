"""Loss and accuracy by epoch, of every seed."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.report.page import seeds
from training.report.style import PUBLISHED, TRAINING, VALIDATION, figure
from training.rows import Runs


def loss_and_accuracy(runs: Runs) -> Figure:
    """Draw training and validation loss at the left, accuracies at the right; a thin line a seed."""
    drawn = figure(9, 2.9)
    left, right = drawn.subplots(1, 2)
    for axes, kind in ((left, "loss"), (right, "accuracy")):
        _lines(axes, runs.curve(kind), TRAINING, "training")
        _lines(axes, runs.curve(f"val_{kind}"), VALIDATION, _validation_name(runs))
        axes.set_xlabel("epoch")
        axes.set_ylabel(kind)
    published = runs.recipe.published.accuracy
    if published > right.get_ylim()[0]:
        right.axhline(published, color=PUBLISHED, linewidth=0.8, linestyle="--", label="published test accuracy")
    left.legend()
    right.legend(loc="lower right")
    drawn.suptitle(f"{runs.recipe.name}: {seeds(len(runs.records))}")
    return drawn


def validation_losses(all_runs: Sequence[Runs]) -> Figure:
    """Draw training and validation loss of several networks side by side, as group E's notebook did."""
    drawn = figure(9, 2.9)
    for axes, runs in zip(drawn.subplots(1, len(all_runs)), all_runs, strict=True):
        _lines(axes, runs.curve("loss"), TRAINING, "training")
        _lines(axes, runs.curve("val_loss"), VALIDATION, _validation_name(runs))
        axes.set_title(runs.recipe.name)
        axes.set_xlabel("epoch")
        axes.set_ylabel("loss")
        axes.legend()
    return drawn


def _lines(axes: Axes, curves: list[list[float]], colour: str, label: str) -> None:
    for number, curve in enumerate(curves):
        epochs = range(1, len(curve) + 1)
        axes.plot(epochs, curve, color=colour, linewidth=0.9, alpha=0.75, label=label if number == 0 else None)


def _validation_name(runs: Runs) -> str:
    return "validation (the test set)" if runs.recipe.watched_the_test_set else "validation (5,000 held out)"
