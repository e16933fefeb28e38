"""The entries of our networks in the zoo, and the files that are bundled in the wheel.

Keras is imported only where an entry of the zoo is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from digit_infer.files import write_bytes, write_text
from digit_infer.runtimes.model_file import sha256_of
from digit_infer.zoo import FILES, MANIFEST
from digit_infer.zoo.manifest import (
    Checkpoint,
    InkFile,
    InkModel,
    Manifest,
    Training,
    ZooFile,
    ZooModel,
    manifest_text,
    read_manifest,
)
from export.errors import ExportError
from export.report import Report
from training import checkpoint, operating_points
from training.layers import in_words
from training.recipes import MODELS, OWN
from training.rows import runs_of

if TYPE_CHECKING:
    from export.pairs import Pair
    from training.recipe import Recipe

DEFAULT_KEPT = 0.998
"""The share of right held-out digits that a calibrated network keeps by default. It then keeps about 99 % or more of those
on pictures and by hands that it never saw (real-pictures, unseen)."""

SHIPPED: tuple[Pair, ...] = (("onnx", "float32"), ("tflite", "int8"))
"""The files of every published network in the wheel. Of our own networks it has all files."""


def recipe_of(name: str) -> str:
    """Return the recipe that trained a row's checkpoint, with its fingerprint."""
    trained = checkpoint.shipped(name).recipe
    return f"{trained.name} {trained.fingerprint()}"


def enter_into_zoo(reports: Sequence[Report], folder: Path) -> ZooModel:
    """Copy the bundled files of one row into the wheel, and enter all its files into the manifest.

    A file that has not changed is not written.

    Raises:
        ExportError: the reports are of no recorded checkpoint, or lack a bundled file.
    """
    name = reports[0].model
    entry = zoo_model(name, reports)
    for file in entry.files:
        _copy(file, folder)
    stored = read_manifest(MANIFEST)
    listed = {**stored.models, name: entry}
    _write(replace(stored, models={row: listed[row] for row in in_row_order(list(listed))}))
    return entry


def enter_ink_into_zoo(ink: InkModel, folder: Path) -> None:
    """Copy the ink network's files into the wheel, and enter them into the manifest."""
    for file in ink.files:
        _copy(file, folder)
    _write(replace(read_manifest(MANIFEST), ink=ink))


def _copy(file: ZooFile | InkFile, folder: Path) -> None:
    target = FILES / file.file
    if not target.exists() or sha256_of(target) != file.sha256:
        write_bytes(target, (folder / file.file).read_bytes())


def _write(manifest: Manifest) -> None:
    text = manifest_text(manifest)
    if MANIFEST.read_text(encoding="utf-8") != text:
        write_text(MANIFEST, text)


def zoo_model(name: str, reports: Sequence[Report]) -> ZooModel:
    """Return a row's entry in the manifest.

    Raises:
        ExportError: the reports lack a bundled file, or the checkpoint is not that of the recorded run.
    """
    files = {(report.file.format, report.file.precision): report.file for report in reports}
    shipped = tuple(files) if name in OWN else SHIPPED
    missing = [f"{pair[1]} as {pair[0]}" for pair in SHIPPED if pair not in files]
    if missing:
        lack = " and ".join(missing)
        raise ExportError(f"{name} cannot go into the zoo without {lack}", "see what the export says of them")
    from export.multiply_adds import multiply_adds
    from training.network import build

    recipe = checkpoint.shipped(name).recipe
    operating = operating_points.recorded(name)
    return ZooModel(
        name=name,
        family="our own" if name in OWN else f"published, group {recipe.group}",
        parameters=recipe.parameters,
        multiply_adds=multiply_adds(build(recipe)),
        recipe=recipe.fingerprint(),
        reject_below=0.0 if operating is None else operating.keeping(DEFAULT_KEPT),
        published_accuracy=None if recipe.claim is None else recipe.claim.accuracy,
        accuracy=reports[0].trained,
        training=training_of(recipe),
        checkpoint=zoo_checkpoint(name),
        files=tuple(files[pair] for pair in shipped),
        exports=tuple(file for pair, file in files.items() if pair not in shipped),
        operating=operating,
    )


def zoo_checkpoint(name: str) -> Checkpoint:
    """Return a checkpoint's entry in the manifest.

    Raises:
        ExportError: the file is not that of the recorded run.
    """
    chosen, path = checkpoint.shipped(name), checkpoint.path_of(name)
    sha256 = sha256_of(path)
    if chosen.record["kept_sha256"] != sha256:
        raise ExportError(f"{path} is not the file that was recorded", f"python -m training select {name}")
    return Checkpoint(path.name, sha256, chosen.record["seed"], chosen.record["kept_epoch"], chosen.rule)


def training_of(recipe: Recipe) -> Training:
    """Return the training of a row for the manifest."""
    settings = ", ".join(f"{setting.replace('_', ' ')} {value:g}" for setting, value in recipe.optimizer.settings.items())
    return Training(
        layers=tuple(in_words(part) for part in recipe.network),
        optimizer=f"{recipe.optimizer.kind}, {settings}"
        + (", lowered on plateaus" if recipe.plateau else "")
        + (", lowered along half a cosine" if recipe.decay == "cosine" else ""),
        batch_size=recipe.batch_size,
        epochs=recipe.epochs,
        validation=recipe.validation,
        watched_the_test_set=recipe.watched_the_test_set,
        accuracy_by_seed=runs_of(recipe).accuracies,
    )


def in_row_order(names: Sequence[str]) -> list[str]:
    """Sort names by the published table, then our own, then others."""
    return sorted(names, key=lambda name: MODELS.index(name) if name in MODELS else len(MODELS))
