"""Model cards from the manifest and the records: ``digit_infer/zoo/cards/NAME.md``, bundled in the wheel.

The sections are those of M. Mitchell et al., Model cards for model reporting, 2019, as far as they apply.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from bench.robustness.command import REAL_PICTURES, ROBUSTNESS, SCHEMA
from bench.robustness.corruptions import STRENGTHS
from digit_infer.zoo import model_named, models, read_below
from digit_infer.zoo.manifest import InkModel, ZooModel
from export.drawing import PUBLISHED, TRAINING, figure
from export.stored import stored_document
from pages.render import render
from training import results
from training.recipes import INK, recipe_named
from training.recipes.own import STARTS

FOLDER = "real_dev"
"""Folder of real pictures whose results the cards show."""

BESIDE = "lenet5_v2"
"""The most accurate published network, shown for comparison."""


def own_models() -> list[ZooModel]:
    """Return our own networks in the zoo."""
    return [model for model in models().values() if model.is_ours]


def card(model: ZooModel) -> str:
    """Return a network's card; raises ``ExportError``: a record is missing or of another checkpoint."""
    beside, recipe = model_named(BESIDE), recipe_named(model.name)
    real = measured(REAL_PICTURES, model, FOLDER)
    return render(
        "card",
        model=model,
        read_below=read_below(model.name),
        recipe=recipe,
        start_saw_all=STARTS.get(recipe.starts_from) == "none",
        beside=BESIDE,
        strengths=STRENGTHS,
        robust=measured(ROBUSTNESS, model),
        robust_beside=measured(ROBUSTNESS, beside),
        real=real["predict"],
        real_beside=measured(REAL_PICTURES, beside, FOLDER)["predict"],
        counts={
            ask: {part: sum(kind[part] for kind in real[ask].values()) for part in ("right", "pictures")}
            for ask in ("predict", "read")
        },
    )


def ink_card(ink: InkModel) -> str:
    """Return the ink network's card; raises ``TrainingError``: a record of its runs is damaged or stale."""
    recipe = INK[ink.name]
    return render("ink_card", ink=ink, recipe=recipe, runs=results.stored(recipe))


def measured(path: Path, model: ZooModel, folder: str = "") -> dict[str, Any]:
    """Return a network's entry in a record, in one folder of pictures if the record has several.

    Raises:
        ExportError: the entry is missing, or of another checkpoint.
    """
    again = f"python -m bench {path.stem.replace('_', '-')} {folder}".rstrip()
    with stored_document(path, SCHEMA, again) as stored:
        found: dict[str, Any] = (stored["folders"][folder] if folder else stored)["models"][model.name]
        if found["sha256"] != model.checkpoint.sha256:
            raise ValueError(f"measured on another checkpoint of {model.name}")
    return found


def reliability_picture(model: ZooModel) -> Figure:
    """Draw accuracy against confidence on the test images, for a network and for ``BESIDE``, with the counts."""
    drawn = figure(8, 3.6)
    for axes, name, colour in zip(
        drawn.subplots(1, 2, sharey=True), (model.name, BESIDE), (TRAINING, PUBLISHED), strict=True
    ):
        calibration = measured(ROBUSTNESS, model_named(name))["calibration"]
        axes.plot([0, 1], [0, 1], color="#bbbbbb", linewidth=1)
        for entry in calibration["bins"]:
            axes.plot(entry["confidence"], entry["accuracy"], marker="o", color=colour, markersize=4)
            axes.annotate(str(entry["count"]), (entry["confidence"], entry["accuracy"]), (4, -8),
                          textcoords="offset points", fontsize=6)  # fmt: skip
        axes.set_title(f"{name}: error {calibration['error']:.4f}")
        axes.set_xlabel("confidence")
    drawn.axes[0].set_ylabel("share of right answers")
    return drawn
