"""All rows in one table, and how to read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from training.report.page import gap, paragraph, share, table
from training.rows import Row
from training.spread import FEWEST, Spread

BAR = 0.003
"""How far below the published accuracy a mean may lie."""


def introduction(rows: Sequence[Row]) -> str:
    """Say what the page is, and how much work is behind it."""
    runs = [record for row in rows for record in row.runs.records]
    low = [
        f"`{row.name}`"
        for row in rows
        if row.name != "mlp_64_64_collapse" and row.runs.spread.mean < row.recipe.published.accuracy - BAR
    ]
    return paragraph(f"""`python -m training report` writes this page and its pictures from the records in
        `training/results`; beside them it needs only MNIST itself, for the digits that it shows. Behind this table
        stand {len(runs)} runs of full length, {sum(len(record["history"]) for record in runs):,} epochs, made with
        {_environments(runs)}. Rows whose mean lies more than {BAR} below what was published:
        {", ".join(low) or "none"}. Row 15 was published as a failure, which is [explained](#mlp_64_64_collapse).""")


def how_to_read() -> str:
    """Say what the columns of the table mean."""
    return paragraph(f"""*Watched the test set*: the notebook passed test images as validation data, and so do we;
        an epoch or a schedule chosen so is optimistic. *Mean*, *deviation*, *best* and *worst* are over seeds.
        *Interval*: where one more run would lie with 95 % confidence; from {FEWEST} seeds on Student's prediction
        interval, with fewer, marked *, the sampling error of the difference of two runs on 10,000 images, which
        knows nothing of seeds. *Verdict*: *inside the spread* when the published accuracy lies between worst and
        best, *inside the interval* when it lies there, and else whether ours is *better* or *worse*. Row 6 is a
        sweep: the line shows its best factor by the mean of three replicates, beside the best of fifteen published
        runs. Seconds are medians beside other work, on one CPU or two: they say how long to wait; [a
        comparison](#speed-of-training) stands below.""")


def _environments(records: Sequence[dict[str, Any]]) -> str:
    """Name what the runs were made with, each kind once."""
    places = [record["environment"] for record in records]
    kinds = {f"Python {place['python']}, Keras {place['keras']}, {place['backend']}" for place in places}
    return "; ".join(sorted(kinds))


def _interval(spread: Spread) -> str:
    return f"{share(spread.interval.low)} to {share(spread.interval.high)}{'' if spread.is_known else ' *'}"


def main_table(rows: Sequence[Row]) -> str:
    """Return published against reproduced, a line a row."""
    return table(
        [
            "#:",
            "network",
            "parameters:",
            "epochs:",
            "watched the test set",
            "published:",
            "reproduced: mean:",
            "deviation:",
            "best:",
            "worst:",
            "seeds:",
            "gap:",
            "95 % interval",
            "verdict",
            "s an epoch:",
        ],
        [_line(row) for row in rows],
    )


def _line(row: Row) -> tuple[str, ...]:
    recipe, spread = row.recipe, row.runs.spread
    return (
        str(row.number),
        f"[{row.name}](#{row.name})",
        f"{recipe.parameters:,}",
        str(recipe.epochs),
        "yes" if recipe.watched_the_test_set else "no",
        share(recipe.published.accuracy),
        share(spread.mean),
        "" if spread.deviation is None else share(spread.deviation),
        share(spread.best),
        share(spread.worst),
        str(len(spread.accuracies)),
        gap(spread.mean - recipe.published.accuracy),
        _interval(spread),
        spread.verdict(recipe.published.accuracy),
        f"{row.runs.seconds_an_epoch:.1f}",
    )


def parameters_table(rows: Sequence[Row]) -> str:
    """Return the networks from small to large, for the page that compares all."""
    return table(
        ["network", "group", "parameters:", "mean:", "95 % interval", "published:", "errors in 10,000:"],
        [
            (
                f"[{row.name}](reproduction.md#{row.name})",
                row.recipe.group,
                f"{row.recipe.parameters:,}",
                share(row.runs.spread.mean),
                _interval(row.runs.spread),
                share(row.recipe.published.accuracy),
                f"{10_000 * (1 - row.runs.spread.mean):,.0f}",
            )
            for row in sorted(rows, key=lambda row: row.recipe.parameters)
        ],
    )
