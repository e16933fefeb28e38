"""A model card of each network of our own, from the records alone.

    digit_infer/zoo/cards/NAME.md      travels in the wheel; ``digit-infer models show NAME`` prints it

The sections are those of M. Mitchell et al., Model cards for model reporting, 2019, as far as they apply.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from bench.robustness.command import REAL_PICTURES, ROBUSTNESS
from bench.robustness.command import SCHEMA as ROBUSTNESS_SCHEMA
from bench.robustness.corruptions import STRENGTHS
from digit_infer.zoo import model_named, models
from digit_infer.zoo.manifest import ZooModel
from export.stored import stored_document
from training.report.page import document, paragraph, table
from training.report.style import PUBLISHED, TRAINING, figure

FOLDER = "real_dev"
"""The folder of pictures from many hands whose record the cards show."""

BESIDE = "lenet5_v2"
"""The most accurate of the published networks: every figure of robustness stands beside its."""


def own_models() -> list[ZooModel]:
    """Return the networks of our own that the zoo holds."""
    return [model for model in models().values() if model.is_ours]


def card(model: ZooModel) -> str:
    """Return the card of a network.

    Raises:
        ExportError: robustness or real pictures are not recorded for it as it is now.
    """
    beside = model_named(BESIDE)
    robust = [_measured(ROBUSTNESS, one) for one in (model, beside)]
    real = [_measured(REAL_PICTURES, one, FOLDER) for one in (model, beside)]
    return document(_parts(model, *robust, *real))


def _measured(path: Path, model: ZooModel, folder: str = "") -> dict[str, Any]:
    again = f"python -m bench {path.stem.replace('_', '-')} {folder}".rstrip()
    with stored_document(path, ROBUSTNESS_SCHEMA, again) as stored:
        models: dict[str, Any] = stored["folders"][folder]["models"] if folder else stored["models"]
        measured: dict[str, Any] = models[model.name]
        if measured["sha256"] != model.checkpoint.sha256:
            raise ValueError(f"measured on another checkpoint of {model.name}")
    return measured


def _parts(
    model: ZooModel, own: dict[str, Any], beside: dict[str, Any], real: dict[str, Any], real_beside: dict[str, Any]
) -> Iterator[str]:
    by_seed = model.training.accuracy_by_seed
    yield f"# {model.name}"
    yield paragraph(f"""{model.parameters:,} parameters, {model.multiply_adds:,} multiply-adds an image. Reads one
        handwritten digit in 28 × 28 pixels; `digit-infer predict` brings pictures into that form, `digit-infer read` finds
        several.""")
    yield "## Data and protocol"
    yield paragraph("""Learned from the 60,000 training images of MNIST (LeCun, Cortes, Burges; CC BY-SA 3.0), bent,
        shifted, damaged anew each epoch, and from pictures without a digit that the workshop draws. Chosen on held-out
        training images, by a protocol that was written before the final runs, and that says how often the test set was
        looked at (docs/protocol.md).""")
    yield "## Accuracy by seed"
    yield paragraph(f"""On the 10,000 test images: {" ".join(f"{100 * seed:.2f} %" for seed in by_seed)}; mean
        {100 * statistics.fmean(by_seed):.2f} %. The checkpoint that ships is seed {model.checkpoint.seed}, by a rule that
        looks at no result: {100 * model.accuracy.share:.2f} % ({100 * model.accuracy.low:.2f} to
        {100 * model.accuracy.high:.2f}).""")
    yield "## Robustness"
    yield paragraph(f"""Accuracy on a corrupted MNIST of our own making (`bench/robustness/corruptions.py`), 10,000 images
        each, beside `{BESIDE}`, the best of the published networks. Mean of all: **{100 * own["corrupted"]["mean"]:.2f} %**
        against {100 * beside["corrupted"]["mean"]:.2f} %.""")
    yield table(
        ["damage", *(f"{strength}:" for strength in STRENGTHS), *(f"{BESIDE}, {strength}:" for strength in STRENGTHS)],
        [
            [kind, *_percents(values), *_percents(beside["corrupted"]["by_kind"][kind])]
            for kind, values in own["corrupted"]["by_kind"].items()
        ],
    )
    yield "## Pictures as users take them"
    (singles, count), (whole, pages) = (
        [sum(kind[part] for kind in real[ask].values()) for part in ("right", "pictures")] for ask in ("predict", "read")
    )
    yield paragraph(f"""Of {count} real pictures of one digit from many hands, which served the development of the
        picture path and of no classifier, {singles} are right ({100 * singles / count:.1f} %), and {whole} of {pages}
        pictures of several digits are read without error.""")
    yield table(
        ["kind", "pictures:", "right:", f"right with {BESIDE}:"],
        [
            [kind, str(found["pictures"]), str(found["right"]), str(real_beside["predict"][kind]["right"])]
            for kind, found in real["predict"].items()
        ],
    )
    drawn = own["drawn"]
    yield paragraph(f"""Test digits drawn as pictures, {drawn["pictures"]:,} of each kind (`bench/robustness`), right
        answers. Drawn out to 280 × 280 with shift, scale, inversion, ground and light from a side, {
        100 * drawn["agreeing"]:.2f} % of {drawn["agreeing_pictures"]:,} are answered as the original is.""")
    yield table(
        ["kind", "right:", f"{BESIDE}:"],
        [
            [kind.replace("_", " "), _percent(value), _percent(beside["drawn"]["by_kind"][kind])]
            for kind, value in drawn["by_kind"].items()
        ],
    )
    yield paragraph("""The same with kinds that the training of the ink network never imitates
        (`bench/robustness/unseen_pictures.py`):""")
    yield table(
        ["kind", "right:", f"{BESIDE}:"],
        [
            [kind.replace("_", " "), _percent(value), _percent(beside["drawn"]["unseen"][kind])]
            for kind, value in drawn["unseen"].items()
        ],
    )
    yield "## Knowing what it does not know"
    yield from _rejection(own["strangers"], own["reject_below"])
    yield "## Calibration"
    yield paragraph(f"""Expected calibration error in fifteen ranges of confidence: {own["calibration"]["error"]:.4f} on the
        test images, {own["calibration"]["error_damaged"]:.4f} on the weakly damaged ones ({BESIDE}:
        {beside["calibration"]["error"]:.4f} and {beside["calibration"]["error_damaged"]:.4f}). The temperature is in the
        weights of the last layer, so every file is calibrated; docs/own_models.md has the error before.""")
    yield "## Use and limits"
    yield paragraph("""Made for single handwritten digits as European and American hands write them, on paper or on a
        screen. Ones with a long upstroke, open fours and sevens with a bar are rarer in MNIST than in the world. It knows
        no other script and no printed page; a letter that is written like a digit is read as one. Do not let it decide
        alone where an error costs more than a look by a person: ask for a higher `reject_below`, and show the rest to
        somebody.""")


def _rejection(strangers: dict[str, Any], least: float) -> Iterator[str]:
    kinds = list(strangers["of_default"])
    columns = {
        "95 % of digits kept": strangers["by_kept"]["0.95"],
        "99 % kept": strangers["by_kept"]["0.99"],
        f"as installed (below {least:g})": strangers["of_default"],
    }
    yield paragraph(f"""`Prediction.is_digit` is false below a confidence of {least:g}, which keeps
        {100 * strangers["kept_by_default"]:.2f} % of the test images. The share of pictures of no digit that is rejected,
        {strangers["pictures"]:,} of each kind, drawn in other ways than those that it learned from:""")
    lines = [[kind, *(_percent(shares[kind]) for shares in columns.values())] for kind in kinds]
    lines.append(["**all**", *(_percent(statistics.fmean(shares.values())) for shares in columns.values())])
    yield table(["kind", *(f"{name}:" for name in columns)], lines)


def reliability_picture(model: ZooModel) -> Figure:
    """Draw accuracy against confidence on the test images, beside the same of ``BESIDE``, with the number of answers."""
    drawn = figure(8, 3.6)
    for axes, name, colour in zip(
        drawn.subplots(1, 2, sharey=True), (model.name, BESIDE), (TRAINING, PUBLISHED), strict=True
    ):
        calibration = _measured(ROBUSTNESS, model_named(name))["calibration"]
        axes.plot([0, 1], [0, 1], color="#bbbbbb", linewidth=1)
        for entry in calibration["bins"]:
            axes.plot(entry["confidence"], entry["accuracy"], marker="o", color=colour, markersize=4)
            axes.annotate(str(entry["count"]), (entry["confidence"], entry["accuracy"]), (4, -8),
                          textcoords="offset points", fontsize=6)  # fmt: skip
        axes.set_title(f"{name}: error {calibration['error']:.4f}")
        axes.set_xlabel("confidence")
    drawn.axes[0].set_ylabel("share of right answers")
    return drawn


def _percent(value: float) -> str:
    return f"{100 * value:.2f} %"


def _percents(values: list[float]) -> list[str]:
    return [f"{100 * value:.2f}" for value in values]
