"""All networks in one picture: accuracy against parameters."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.report.style import GROUPS, PUBLISHED, figure
from training.rows import Row

_CUT = 0.96
"""Below, accuracies are drawn in a panel of their own, or the others would be one line."""

_FAILED = 0.2
"""A published accuracy below is a failure, and would only stretch the axis."""

_LABEL_HEIGHT = 9.0
_LABEL_WIDTH = 95.0


def accuracy_against_parameters(rows: Sequence[Row]) -> Figure:
    """Draw the mean of the seeds with the interval of ``Spread``, and the published accuracy as a short bar."""
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
    drawn.draw_without_rendering()  # settles where a value stands on the page
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
    """Write each name beside its point, below the names that already stand there."""
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
