"""What several seeds say about the notebooks' conclusions, and about published numbers that lie outside."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import numpy as np

from digit_infer.dataset import Split
from training.recipes import SWEEPS
from training.report.page import gap, paragraph, share, table
from training.rows import Row, points_of
from training.spread import exact_mcnemar, mean_and_deviation

_CLAIMS = (
    ("deeper is better", "shallow_cnn", "deep_cnn"),
    ("augmentation helps the shallow one", "shallow_cnn", "shallow_cnn_aug"),
    ("augmentation helps the deep one", "deep_cnn", "deep_cnn_aug"),
    ("deep and augmented is best", "shallow_cnn_aug", "deep_cnn_aug"),
)
"""What group A's notebook concluded: a claim, and the networks that it compares."""

_EXPERIMENTS = {
    "softmax_regression": "softmax_regression_rates",
    "cnn_arch2": "cnn_arch2_variants",
    "cnn_arch3": "cnn_arch3_variants",
}


def unsupported(rows: Sequence[Row], test: Split) -> str:
    """Hold the conclusions of groups A and B against the seeds."""
    by_name = {row.name: row for row in rows}
    published = [row.recipe.published.accuracy for row in rows if row.recipe.group == "A"]
    shallow = by_name["shallow_cnn"].runs.spread
    points = points_of(SWEEPS["mlp_500_300_l2"])
    means = [runs.spread.mean for _, runs in points]
    deviation = statistics.fmean(runs.spread.deviation or 0.0 for _, runs in points)
    return "\n\n".join(
        (
            paragraph(f"""**Group A** concludes that deeper and augmented is best, from one run each. Its four
                accuracies lie within {max(published) - min(published):.4f} of one another, and the standard error
                of an accuracy of 0.992 on 10,000 images is 0.0009. Here {len(shallow.accuracies)} seeds of
                `shallow_cnn` alone reach from {share(shallow.worst)} to {share(shallow.best)}. The table asks
                whether two networks of seed 0 differ at all, on the images where just one of them is right. Below
                0.05 chance explains a difference badly; as there are four questions, 0.0125 is the stricter bound."""),
            table(
                [
                    "claim",
                    "first / second",
                    "mean, first:",
                    "mean, second:",
                    "only first / only second right",
                    "McNemar's p:",
                ],
                [_pair(by_name, claim, first, second, test) for claim, first, second in _CLAIMS],
            ),
            paragraph(f"""**The weight-decay sweep** of group B finds a best factor from three replicates each. Our
                five means lie between {share(min(means))} and {share(max(means))}, while replicates of one factor
                deviate by {deviation:.4f} on average: other seeds would name another factor. Its best run is quoted
                as 0.9833; the largest of its fifteen printed values is
                {max(value for point, _ in points for value in point.published):.4f}."""),
        )
    )


def outside(rows: Sequence[Row]) -> str:
    """For each row whose published accuracy lies outside, show the experiment that was made about it."""
    found = [row for row in rows if row.runs.spread.verdict(row.recipe.published.accuracy) in ("better", "worse")]
    parts = [_experiment(row) for row in found if row.name != "mlp_64_64_collapse"]
    return "\n\n".join(parts) or "Nowhere, but for row 15."


def _pair(rows: dict[str, Row], claim: str, first: str, second: str, test: Split) -> tuple[str, ...]:
    one, two = (rows[name].runs.answers() == test.labels for name in (first, second))
    only_one, only_two = int(np.sum(one & ~two)), int(np.sum(two & ~one))
    return (
        claim,
        f"`{first}` / `{second}`",
        f"{share(rows[first].runs.spread.mean)} ({_seeds(rows[first])})",
        f"{share(rows[second].runs.spread.mean)} ({_seeds(rows[second])})",
        f"{only_one} / {only_two}",
        f"{exact_mcnemar(only_one, only_two):.2g}",
    )


def _experiment(row: Row) -> str:
    published, spread = row.recipe.published.accuracy, row.runs.spread
    here = f"{share(spread.worst)} to {share(spread.best)} ({_seeds(row)})"
    head = f"**`{row.name}`**: published {share(published)}, here {here}."
    if row.name not in _EXPERIMENTS:
        return f"{head} See [its section](#{row.name})."
    sweep = SWEEPS[_EXPERIMENTS[row.name]]
    points = [("as published", row.runs), *((point.label, runs) for point, runs in points_of(sweep))]
    nearest, runs = min(points, key=lambda point: abs(point[1].spread.mean - published))
    low, high = runs.spread.interval
    reached = "would explain it" if low <= published <= high else "does not reach it either"
    return "\n\n".join(
        (
            f"{head} What the notebook may have done and did not say, tried:",
            table(
                [sweep.varies, "accuracy", "gap to published:", "seeds:"],
                [
                    (
                        label,
                        mean_and_deviation(tried.accuracies),
                        gap(tried.spread.mean - published),
                        str(len(tried.records)),
                    )
                    for label, tried in points
                ],
            ),
            paragraph(f"""The nearest is *{nearest}*, which {reached} (one more run: {share(low)} to {share(high)}).
                That is what could have happened; what did, the notebook does not say."""),
        )
    )


def _seeds(row: Row) -> str:
    count = len(row.runs.records)
    return f"{count} seed{'s' if count > 1 else ''}"
