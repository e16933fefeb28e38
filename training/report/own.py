"""``docs/own_models.md``: the search for networks of our own, and what their final runs gave, from the records alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from digit_infer.benchmark.statistics import mean_and_deviation
from training import search
from training.errors import TrainingError
from training.layers import in_words
from training.recipe import Recipe
from training.recipes import OWN
from training.recipes.own import CANDIDATES
from training.report.page import document, gap, paragraph, seeds, share, table
from training.rows import Runs, runs_of

BARS = {"digitnet": 0.9975, "digitnet_nano": 0.9955}
"""What the mean over seeds is asked to reach on the test set."""

FIGURES = ("plain_accuracy", "near_accuracy", "plain_loss", "changed_accuracy", "changed_loss")
_NOT_SAID = {"ReLU", "batch norm", "flatten"}


def own_page() -> str:
    """Return the page.

    Raises:
        TrainingError: a candidate has no record, or one of another version of it.
    """
    return document(_parts())


def _parts() -> Iterator[str]:
    yield "# Networks of our own"
    yield paragraph("""`python -m training report` writes this page from the records of `python -m training search` and
        `python -m training run`. [protocol.md](protocol.md) was written before the final runs, and says how candidates were
        judged, what was fixed before, and how often the test set was looked at.""")
    yield "## What the final runs gave"
    yield table(
        [
            "model",
            "parameters:",
            "test accuracy by seed",
            "mean ± deviation:",
            "asked:",
            "to the bar:",
            "seconds an epoch:",
        ],
        [_final(name, runs_of(recipe)) for name, recipe in OWN.items()],
    )
    for recipe in OWN.values():
        yield f"`{recipe.name}`: {network_in_words(recipe)}."
    yield "## The candidates"
    yield paragraph(f"""In the order in which they were tried, one seed each, on the last {10_000:,} training images, which
        they did not learn from: as they are, near (four times as another hand might have written them), and changed by
        pens and cameras (`NEAR` and `HARD` in `training/search.py`). The
        temperature is that of least loss; the calibration error is told before and at it. Rejected: pictures without a
        digit that are less sure than 99 % of the changed digits. The first eleven learned from fewer signs (no y, fewer
        Greek letters) than the others.""")
    yield table(
        [
            "candidate", "parameters:", "epochs:", "accuracy:", "near, accuracy:", "loss:", "changed, accuracy:",
            "changed, loss:", "temperature:", "calibration error:", "rejected:",
        ],
        [_candidate(name) for name in CANDIDATES],
    )  # fmt: skip
    yield table(["candidate", "network"], [[name, network_in_words(recipe)] for name, recipe in CANDIDATES.items()])


def network_in_words(recipe: Recipe) -> str:
    """Return the layers of a network in a line, without what stands behind every convolution of ours."""
    words = [in_words(part) for part in recipe.network]
    return ", ".join(word for word in words if word not in _NOT_SAID and word != "relu")


def _final(name: str, runs: Runs) -> list[str]:
    recipe, bar = runs.recipe, BARS[name]
    if not runs.records:
        return [f"`{name}`", f"{recipe.parameters:,}", "not yet", "", share(bar), "", ""]
    return [
        f"`{name}`",
        f"{recipe.parameters:,}",
        " ".join(share(accuracy) for accuracy in runs.accuracies),
        f"{mean_and_deviation(runs.accuracies)} ({seeds(len(runs.records))})",
        share(bar),
        gap(runs.spread.mean - bar),
        f"{runs.seconds_an_epoch:.1f}",
    ]


def _candidate(name: str) -> list[str]:
    record = stored(name)
    held_out = record["held_out"]
    before, at = held_out["plain_calibration"]
    return [
        f"`{name}`",
        f"{record['parameters']:,}",
        str(len(record["history"])),
        *(share(held_out[figure]) for figure in FIGURES),
        f"{held_out['temperature']:.2f}",
        f"{before:.4f} → {at:.4f}",
        f"{held_out['changed_rejected']['0.99']:.3f}",
    ]


def stored(name: str) -> dict[str, Any]:
    """Return the record of a candidate.

    Raises:
        TrainingError: there is none, or one of another version of the candidate.
    """
    path = search.FOLDER / f"{name}.json"
    again = f"python -m training search {name}"
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        fingerprint = record["fingerprint"]
    except (OSError, ValueError, KeyError) as error:
        raise TrainingError(f"{path} is no record of a candidate ({error!r})", again) from error
    if fingerprint != CANDIDATES[name].fingerprint():
        raise TrainingError(f"{path} was made by another version of the candidate", again)
    return record
