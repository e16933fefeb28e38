"""What several seeds say about the notebooks' conclusions, and about published numbers outside their spread."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from digit_infer.benchmark.statistics import mean_and_deviation
from digit_infer.dataset import Split
from training.recipes import SWEEPS
from training.report.page import gap, paragraph, seeds, share, table
from training.rows import Row, Runs, points_of
from training.spread import FEWEST, difference_of_means, exact_mcnemar
from training.sweep import Point

_CLAIMS = (
    ("deeper is better", "shallow_cnn", "deep_cnn"),
    ("augmentation helps the shallow one", "shallow_cnn", "shallow_cnn_aug"),
    ("augmentation helps the deep one", "deep_cnn", "deep_cnn_aug"),
    ("deep and augmented is best", "shallow_cnn_aug", "deep_cnn_aug"),
)
"""What group A's notebook concluded: a claim, and the networks that it compares."""

_EXPERIMENTS = {"softmax_regression": "softmax_regression_rates"}
"""Rows whose published accuracy no further seed would reach, and the sweep that was made about it."""


def unsupported(rows: Sequence[Row], test: Split) -> str:
    """Hold the conclusions of groups A and B against the seeds."""
    by_name = {row.name: row for row in rows}
    published = [row.recipe.published.accuracy for row in rows if row.recipe.group == "A"]
    points = points_of(SWEEPS["mlp_500_300_l2"])
    means = [runs.spread.mean for _, runs in points]
    return "\n\n".join(
        (
            paragraph(f"""**Group A** concludes that deeper and augmented is best, from one run each. Its four
                accuracies lie within {max(published) - min(published):.4f} of one another, and the standard error
                of an accuracy of 0.992 on 10,000 images is 0.0009. The table asks the seeds: the interval is that
                of the difference of means (Welch), from {FEWEST} seeds each on. The last two columns compare one
                pair of networks, those of seed 0, on the images where just one of them is right; as there are four
                questions, 0.0125 is the stricter bound for p."""),
            table(
                [
                    "claim",
                    "first / second",
                    "mean, first",
                    "mean, second",
                    "second − first, 95 %",
                    "do the seeds support it?",
                    "seed 0: only first / only second right",
                    "McNemar's p:",
                ],
                [_pair(by_name, claim, first, second, test) for claim, first, second in _CLAIMS],
            ),
            paragraph(f"""**The weight-decay sweep** of group B finds a best factor from three replicates each. Our
                five means lie between {share(min(means))} and {share(max(means))}. The factor that each replicate
                alone would name: {_named_by_each(points)}. Its best run is quoted as 0.9833; the largest of its
                fifteen printed values is {max(value for point, _ in points for value in point.published):.4f}."""),
        )
    )


def outside(rows: Sequence[Row]) -> str:
    """For each row whose published accuracy lies outside the spread of its seeds, say what is known about that."""
    found = [
        row
        for row in rows
        if row.name != "mlp_64_64_collapse"
        and row.runs.spread.verdict(row.recipe.published.accuracy) != "inside the spread"
    ]
    few = [row for row in found if not row.runs.spread.is_known]
    return "\n\n".join([*(_about(row) for row in found if row not in few), _about_few(few)])


def _about_few(rows: Sequence[Row]) -> str:
    """Say of rows with too few seeds whether sampling error explains the difference."""
    if not rows:
        return ""
    cases = []
    for row in rows:
        published, (low, high) = row.recipe.published.accuracy, row.runs.spread.interval
        within = "inside" if low <= published <= high else "outside"
        cases.append(f"`{row.name}` {share(published)}, {within} {share(low)} to {share(high)}")
    return paragraph(f"""**Too few seeds for a spread**, so the sampling error of a difference of two runs has to do
        (published accuracy, and where one more run would lie): {"; ".join(cases)}.""")


def _about(row: Row) -> str:
    published, spread = row.recipe.published.accuracy, row.runs.spread
    here = share(spread.best) if len(spread.accuracies) == 1 else f"{share(spread.worst)} to {share(spread.best)}"
    head = f"**`{row.name}`**: published {share(published)}, here {here} ({seeds(len(row.runs.records))})."
    if row.name in _EXPERIMENTS:
        return f"{head} {_experiment(row, _EXPERIMENTS[row.name])}"
    low, high = spread.interval
    within = "lies in it" if low <= published <= high else "does not lie in it"
    return paragraph(f"""{head} One more run would lie between {share(low)} and {share(high)} with 95 % confidence;
        the published accuracy {within}, so another seed
        {"is explanation enough" if within == "lies in it" else "does not explain it"}.""")


def _experiment(row: Row, name: str) -> str:
    published, sweep = row.recipe.published.accuracy, SWEEPS[name]
    points = [("as published", row.runs), *((point.label, runs) for point, runs in points_of(sweep))]
    nearest, runs = min(points, key=lambda point: abs(point[1].spread.mean - published))
    low, high = runs.spread.interval
    compatible = "is compatible with it" if low <= published <= high else "is not compatible with it either"
    return "\n\n".join(
        (
            "What the notebook may have done and did not say, tried:",
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
            paragraph(f"""The nearest is *{nearest}*: one more such run would lie between {share(low)} and
                {share(high)} with 95 % confidence ({seeds(len(runs.records))}), which {compatible}. That is what
                could have happened; what did, the notebook does not say."""),
        )
    )


def _pair(rows: dict[str, Row], claim: str, first: str, second: str, test: Split) -> tuple[str, ...]:
    one, two = (rows[name].runs.answers() == test.labels for name in (first, second))
    only_one, only_two = int(np.sum(one & ~two)), int(np.sum(two & ~one))
    difference = difference_of_means(rows[first].runs.spread, rows[second].runs.spread)
    if difference is None:
        interval, support = "", "too few to say"
    else:
        interval = f"{gap(difference.low)} to {gap(difference.high)}"
        support = "yes" if difference.low > 0 else "the opposite" if difference.high < 0 else "no"
    return (
        claim,
        f"`{first}` / `{second}`",
        f"{share(rows[first].runs.spread.mean)} ({seeds(len(rows[first].runs.records))})",
        f"{share(rows[second].runs.spread.mean)} ({seeds(len(rows[second].runs.records))})",
        interval,
        support,
        f"{only_one} / {only_two}",
        f"{exact_mcnemar(only_one, only_two):.2g}",
    )


def _named_by_each(points: Sequence[tuple[Point, Runs]]) -> str:
    """Say which factor each replicate alone would call the best."""
    replicates = min(len(runs.accuracies) for _, runs in points)
    named = []
    for seed in range(replicates):
        accuracies = [runs.accuracies[seed] for _, runs in points]
        named.append(points[accuracies.index(max(accuracies))][0].label)
    return ", ".join(f"seed {seed} {label}" for seed, label in enumerate(named))
