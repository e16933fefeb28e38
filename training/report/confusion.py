"""Which digits a network takes for which, and the wrong answers that it was surest of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from training.report.digits import draw_digit
from training.report.style import VALIDATION, figure
from training.rows import Runs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.dataset import Split

_SHOWN = 12


def confusion_matrix(labels: NDArray[np.uint8], answers: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Count answers: int64 [10, 10], the row is the label and the column the answer."""
    counts = np.zeros((10, 10), dtype=np.int64)
    np.add.at(counts, (labels, answers), 1)
    return counts


def confusions(runs: Runs, test: Split) -> Figure:
    """Draw the matrix of seed 0 and the surest of its mistakes."""
    record = runs.of_seed(0)
    counts = confusion_matrix(test.labels, runs.answers())
    drawn = figure(9, 3.9)
    panels: Any = drawn.subfigures(1, 2, width_ratios=[1, 1.25])
    left, right = panels
    axes = left.subplots()
    wrong = counts - np.diag(np.diag(counts))
    axes.imshow(wrong, cmap="OrRd", vmin=0, vmax=max(1, int(wrong.max())))
    for label, answer in np.ndindex(10, 10):
        if counts[label, answer]:
            _write(axes, answer, label, int(counts[label, answer]), dark=wrong[label, answer] > 0.6 * wrong.max())
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


def _write(axes: Any, column: int, row: int, count: int, *, dark: bool) -> None:
    colour = "white" if dark and column != row else "#999999" if column == row else "black"
    axes.text(column, row, str(count), ha="center", va="center", fontsize=6, color=colour)
