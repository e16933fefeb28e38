"""The model card of the ink network, from the manifest and the records of its runs."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from digit_infer.zoo.manifest import InkModel
from training import results
from training.recipes import INK
from training.report.page import document, paragraph, table


def ink_card(ink: InkModel) -> str:
    """Return the card.

    Raises:
        TrainingError: a record of its runs is damaged, or of another recipe.
    """
    return document(_parts(ink))


def _parts(ink: InkModel) -> Iterator[str]:
    recipe = INK[ink.name]
    runs = results.stored(recipe)
    yield f"# {ink.name}"
    yield paragraph(f"""{ink.parameters:,} parameters, {ink.multiply_adds:,} multiply-adds a picture. Marks how much ink of
        handwriting each pixel of a grey picture of 128 × 128 holds, whatever lies around it and whatever light falls on it;
        it reads nothing. `Predictor` asks it where the plain look at a picture leaves doubts.""")
    yield "## Contract"
    yield paragraph("""`grey` uint8 [N, 128, 128], 0 = black, 255 = white, in; `ink` uint8 [N, 128, 128], 0 = none, 255 =
        full of ink, out. Dark ink on light and light ink on dark are marked alike. Pictures of other sizes are fitted into
        the square in their proportions (`digit_infer/image/network_look.py`).""")
    yield "## Data and training"
    if recipe.drawn is not None:
        yield paragraph(f"""Learned from {recipe.drawn.pool:,} drawn pictures (`training/ink`): MNIST's training digits as
            they are or redrawn along their skeletons with pens of all widths, and letters, on paper with lines, frames,
            rings, print, dust, things of other brightness, light, shadow and glare, blurred, noisy, inverted. Each of
            {recipe.epochs} epochs takes {recipe.drawn.an_epoch:,} of them, turned, mirrored and inverted at random.
            No photograph and no picture that judges was learned from.""")
    yield "## By random seed"
    yield paragraph(f"""On {runs[0]["held_out"]["pictures"]:,} held-out drawn pictures: Dice's measure of marked ink and
        ink, mean {statistics.fmean(run["held_out"]["dice"] for run in runs):.4f}; and the share of a picture without ink
        that is marked all the same. The checkpoint is seed {ink.checkpoint.seed}: {ink.checkpoint.rule}.""")
    yield table(
        ["random seed:", "Dice:", "marked without ink:", "validation loss:"],
        [
            [
                str(run["seed"]),
                f"{run['held_out']['dice']:.4f}",
                f"{100 * run['held_out']['false_ink']:.3f} %",
                f"{run['history'][-1]['val_loss']:.4f}",
            ]
            for run in runs
        ],
    )
    yield "## Files"
    yield paragraph("""Each was run beside the trained network on drawn pictures that neither learned from, and is bundled
        since it marks the same pixels, up to the share given.""")
    yield table(
        ["file", "bytes:", "largest difference of 255:", "mean:", "pixels that change:"],
        [
            [
                f"`{file.file}`",
                f"{file.bytes:,}",
                str(file.parity.largest_difference),
                f"{file.parity.mean_difference:.2g}",
                f"{100 * file.parity.changed:.3f} %",
            ]
            for file in ink.files
        ],
    )
    yield "## Use and limits"
    yield paragraph("""What it marks is handwriting, not digits: letters and signs are ink as well. It learned from signs of
        12 to 125 pixels; smaller ones are looked at again, larger. Print as large as the writing beside it is often marked,
        too, and so are lines of a form that run through a digit. docs/normalizer.md has what the whole path answers.""")
