"""Pictures of training runs: learning curves, confusion matrices with confident mistakes, and all networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from digit_infer.dataset import Split
from export.drawing import GROUPS, PUBLISHED, TRAINING, VALIDATION, draw_digit, figure
from pages.render import seeds
from training.rows import Row, Runs

_SHOWN = 12

_CUT = 0.96
"""Accuracies below this have their own panel, or they would compress the axis."""

_FAILED = 0.2
"""A published accuracy below this is a failure, and is not drawn."""

_LABEL_HEIGHT = 9.0
_LABEL_WIDTH = 95.0


def loss_and_accuracy(runs: Runs) -> Figure:
    """Draw training and validation loss on the left, accuracies on the right, one line per seed."""
    drawn = figure(9, 2.9)
    left, right = drawn.subplots(1, 2)
    for axes, kind in ((left, "loss"), (right, "accuracy")):
        _curves(axes, runs, kind)
    published = runs.recipe.published.accuracy
    if published > right.get_ylim()[0]:
        right.axhline(published, color=PUBLISHED, linewidth=0.8, linestyle="--", label="published test accuracy")
    left.legend()
    right.legend(loc="lower right")
    drawn.suptitle(f"{runs.recipe.name}: {seeds(len(runs.records))}")
    return drawn


def validation_losses(all_runs: Sequence[Runs]) -> Figure:
    """Draw training and validation loss of several networks side by side."""
    drawn = figure(9, 2.9)
    for axes, runs in zip(drawn.subplots(1, len(all_runs)), all_runs, strict=True):
        _curves(axes, runs, "loss")
        axes.set_title(runs.recipe.name)
        axes.legend()
    return drawn


def _curves(axes: Axes, runs: Runs, kind: str) -> None:
    """Draw a figure of training and of validation by epoch, one line per seed."""
    images = "the test set" if runs.recipe.watched_the_test_set else "5,000 held out"
    for key, colour, label in ((kind, TRAINING, "training"), (f"val_{kind}", VALIDATION, f"validation ({images})")):
        for number, curve in enumerate(runs.curve(key)):
            epochs = range(1, len(curve) + 1)
            axes.plot(epochs, curve, color=colour, linewidth=0.9, alpha=0.75, label=label if number == 0 else None)
    axes.set_xlabel("epoch")
    axes.set_ylabel(kind)


def confusions(runs: Runs, test: Split) -> Figure:
    """Draw seed 0's confusion matrix and its most confident mistakes."""
    record = runs.of_seed(0)
    counts = np.bincount(10 * test.labels + runs.answers(), minlength=100).reshape(10, 10)  # [label, answer]
    drawn = figure(9, 3.9)
    panels: Any = drawn.subfigures(1, 2, width_ratios=[1, 1.25])
    left, right = panels
    axes = left.subplots()
    wrong = counts - np.diag(np.diag(counts))
    axes.imshow(wrong, cmap="OrRd", vmin=0, vmax=max(1, int(wrong.max())))
    for label, answer in np.ndindex(10, 10):
        if counts[label, answer]:
            is_dark = wrong[label, answer] > 0.6 * wrong.max()
            colour = "#999999" if answer == label else "white" if is_dark else "black"
            axes.text(answer, label, str(counts[label, answer]), ha="center", va="center", fontsize=6, color=colour)
    axes.set_xticks(range(10))
    axes.set_yticks(range(10))
    axes.set_xlabel("answer")
    axes.set_ylabel("label")
    axes.grid(visible=False)
    axes.set_title(f"{runs.recipe.name}, seed 0: {int(wrong.sum()):,} of {len(test):,} wrong", fontsize=9)
    right.suptitle("wrong answers that it was surest of", fontsize=9)
    mistakes = record["test"]["surest_mistakes"][:_SHOWN]
    places: NDArray[Any] = right.subplots(3, 4).ravel()
    for place in places:
        place.set_axis_off()
    for place, (index, probability) in zip(places, mistakes, strict=False):
        draw_digit(place, test.images[index])
        label, answer = test.labels[index], record["test"]["answers"][index]
        place.set_title(f"#{index}: {label} as {answer}\n{100 * probability:.1f} %", fontsize=7, pad=2, color=VALIDATION)
    return drawn


def accuracy_against_parameters(rows: Sequence[Row]) -> Figure:
    """Draw the mean over seeds with its interval, and the published accuracy as a short bar."""
    drawn = figure(9, 6.4)
    upper, lower = drawn.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    panels = (
        (upper, [row for row in rows if row.runs.spread.mean >= _CUT]),
        (lower, [row for row in rows if row.runs.spread.mean < _CUT]),
    )
    for axes, shown in panels:
        for row in shown:
            _point(axes, row)
        axes.set_xscale("log")
        axes.set_ylabel("test accuracy")
    upper.plot([], [], color=PUBLISHED, marker="_", markersize=11, linewidth=0, label="published")
    for group, colour in GROUPS.items():
        upper.plot([], [], color=colour, marker="o", markersize=4, linewidth=0, label=f"group {group}")
    upper.legend(loc="lower right", ncols=2)
    lower.set_xlabel("parameters")
    drawn.draw_without_rendering()  # computes positions on the page
    for axes, shown in panels:
        _names(axes, shown)
    return drawn


def _point(axes: Axes, row: Row) -> None:
    spread, parameters = row.runs.spread, row.recipe.parameters
    low, high = spread.interval
    reach = [[spread.mean - low], [high - spread.mean]]
    axes.errorbar(parameters, spread.mean, reach, color=GROUPS[row.recipe.group], fmt="o", markersize=4, capsize=2)
    if row.recipe.published.accuracy > _FAILED:
        axes.plot(parameters, row.recipe.published.accuracy, color=PUBLISHED, marker="_", markersize=11)


def _names(axes: Axes, rows: Sequence[Row]) -> None:
    """Label the points, each label below those nearby."""
    points_a_dot = 72 / axes.figure.dpi
    taken: list[tuple[float, float]] = []
    for row in sorted(rows, key=lambda row: -row.runs.spread.mean):
        place = (row.recipe.parameters, row.runs.spread.mean)
        across, up = (float(value) * points_a_dot for value in axes.transData.transform(place))
        near = [height for other, height in taken if abs(other - across) < _LABEL_WIDTH]
        height = min([up, *(other - _LABEL_HEIGHT for other in near)])
        taken.append((across, height))
        axes.annotate(
            row.name,
            place,
            (5, height - up - 3),
            textcoords="offset points",
            fontsize=7,
            color=GROUPS[row.recipe.group],
        )
