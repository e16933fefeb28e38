"""What each group of notebooks shows beside its networks, and remarks on single networks."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from training.report.page import paragraph, picture, share, table
from training.rows import Row

TITLES = {
    "A": "shallow and deep, with and without augmentation",
    "B": "SGD networks, the weight-decay sweep, two convolutional networks",
    "C": "three classics, best checkpoint by validation loss",
    "D": "dropout and regularised perceptrons",
    "E": "three architectures and an observation table",
}

_REMARKS = {
    "lenet5_v2": "The notebook built an augmenting generator and trained without it; so do we.",
    "mlp_64_16_l2": "The notebook's second dropout went to another model by mistake, so there is a single one.",
    "mlp_400_300_dropout": "The notebook's text quotes 98.28 % in one place; its evaluation printed 0.9836.",
    "cnn_arch3": """It fails, as published: strides and pools leave five numbers of each image, and four dropouts of
        one half around at most ten channels spoil those. Training and validation loss both stay high: it underfits.""",
}


def words(group: str, rows: Sequence[Row]) -> str:
    """Return a group's pictures, tables and common facts."""
    match group:
        case "A":
            return "\n\n".join(_augmentation(rows))
        case "C":
            pictures = (picture(f"{row.name}: ten test digits drawn at random", f"{row.name}-digits.png") for row in rows)
            return "\n\n".join(
                (
                    paragraph("""The first 5,000 training images are validation data. The low-level TensorFlow
                        versions of the same tutorials were published at 0.9192, 0.9779 and 0.9925."""),
                    *pictures,
                )
            )
        case "E":
            return "\n\n".join(
                (_observations(rows), picture("training and validation loss by epoch", "group-e-losses.png"))
            )
        case _:
            return ""


def remark(row: Row) -> str:
    """Return what is to be known of one network beside its numbers."""
    return paragraph(_REMARKS.get(row.name, ""))


def _augmentation(rows: Sequence[Row]) -> tuple[str, ...]:
    sevens = ", ".join(f"`{row.name}` {row.runs.records[0]['test']['first_image'][7]:.6f}" for row in rows)
    return (
        paragraph("""Augmentation: rotation up to ±15°, shift up to ±20 % each way, zoom 0.8 to 1.2 for each axis on
            its own, shear of 0.2 degrees, which is next to nothing; beyond the border the nearest pixel goes on."""),
        picture("the first 16 training images with their labels", "samples.png"),
        picture("the same images, augmented", "samples-augmented.png"),
        f"The probability that the first test image is the 7 that it is (seed 0; published: about 0.9999): {sevens}.",
    )


def _observations(rows: Sequence[Row]) -> str:
    headings = ["architecture", "epochs:", "test loss:", "test accuracy:", "published loss:", "published accuracy:"]
    return table(
        headings,
        [
            (
                f"`{row.name}`",
                str(row.recipe.epochs),
                f"{statistics.fmean(row.runs.losses):.4f}",
                share(row.runs.spread.mean),
                f"{row.recipe.published.loss:.4f}",
                share(row.recipe.published.accuracy),
            )
            for row in rows
        ],
    )
