"""Figures of ``docs/reproduction.md`` and ``docs/comparison.md``: the published networks, retrained."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from digit_infer import dataset
from digit_infer.dataset import Split
from pages import collapse, weight_decay
from pages.render import render
from training import speed
from training.recipes import SWEEPS
from training.rows import Row, points_of, rows
from training.spread import FEWEST, difference_of_means, exact_mcnemar

BAR = 0.003
"""Allowed distance of a mean below the published accuracy."""

GROUPS = {
    "A": "shallow and deep, with and without augmentation",
    "B": "SGD networks, the weight-decay sweep, two convolutional networks",
    "C": "three classics, best checkpoint by validation loss",
    "D": "dropout and regularised perceptrons",
    "E": "three architectures and an observation table",
}

_CLAIMS = (
    ("deeper is better", "shallow_cnn", "deep_cnn"),
    ("augmentation helps the shallow one", "shallow_cnn", "shallow_cnn_aug"),
    ("augmentation helps the deep one", "deep_cnn", "deep_cnn_aug"),
    ("deep and augmented is best", "shallow_cnn_aug", "deep_cnn_aug"),
)
"""Conclusions of group A's notebook: the claim, and the networks that it compares."""

_EXPERIMENTS = {"softmax_regression": "softmax_regression_rates"}
"""Rows whose published accuracy no seed is likely to reach, and the sweep that examines it."""

_FAILURE = "mlp_64_64_collapse"


@cache
def stored_rows() -> tuple[Row, ...]:
    """Return the rows of the published table with their records; raises ``TrainingError``: one is missing."""
    return tuple(rows())


def reproduction_page() -> str:
    """Return ``docs/reproduction.md``; raises ``TrainingError``: a row or sweep has no record."""
    found, test = stored_rows(), dataset.load("test")
    environment, measured = speed.stored()
    records = [record for row in found for record in row.runs.records]
    places = [record["environment"] for record in records]
    others = [row for row in found if row.name != _FAILURE]
    outside = [row for row in others if row.runs.spread.verdict(row.recipe.published.accuracy) != "inside the spread"]
    return render(
        "reproduction",
        rows=found,
        groups={group: [row for row in found if row.recipe.group == group] for group in GROUPS},
        titles=GROUPS,
        bar=BAR,
        fewest=FEWEST,
        runs=len(records),
        epochs=sum(len(record["history"]) for record in records),
        environments=sorted({f"Python {place['python']}, Keras {place['keras']}, {place['backend']}" for place in places}),
        low=[row.name for row in others if row.runs.spread.mean < row.recipe.published.accuracy - BAR],
        claims=[_claim({row.name: row for row in found}, *claim, test) for claim in _CLAIMS],
        outside=[row for row in outside if row.runs.spread.is_known],
        too_few=[row for row in outside if not row.runs.spread.is_known],
        experiments={row.name: _experiment(row) for row in outside if row.name in _EXPERIMENTS},
        speed=speed,
        speed_environment=environment,
        seconds={(entry.recipe, entry.setting): entry for entry in measured},
        speed_epochs=measured[0].epochs,
        weight_decay=weight_decay.figures(),
        collapse=collapse.figures(),
    )


def comparison_page() -> str:
    """Return ``docs/comparison.md``; raises ``TrainingError``: a row has no record."""
    return render("comparison", rows=sorted(stored_rows(), key=lambda row: row.recipe.parameters))


def _claim(found: dict[str, Row], claim: str, first: str, second: str, test: Split) -> dict[str, Any]:
    """Test a conclusion by the seeds' means, and by McNemar's test on two networks' answers."""
    one, two = (found[name].runs.answers() == test.labels for name in (first, second))
    only_one, only_two = int(np.sum(one & ~two)), int(np.sum(two & ~one))
    return {
        "words": claim,
        "rows": (found[first], found[second]),
        "difference": difference_of_means(found[first].runs.spread, found[second].runs.spread),
        "only": (only_one, only_two),
        "p": exact_mcnemar(only_one, only_two),
    }


def _experiment(row: Row) -> dict[str, Any]:
    """Return the sweep about a published accuracy that the seeds do not explain, and its nearest point."""
    published, sweep = row.recipe.published.accuracy, SWEEPS[_EXPERIMENTS[row.name]]
    points = [("as published", row.runs), *((point.label, runs) for point, runs in points_of(sweep))]
    nearest, runs = min(points, key=lambda point: abs(point[1].spread.mean - published))
    return {"varies": sweep.varies, "points": points, "nearest": nearest, "runs": runs}
