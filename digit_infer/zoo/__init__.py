"""The bundled models: from a name to a model and its files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from digit_infer.contract import INK, PRECISIONS, Format, Precision, format_of
from digit_infer.errors import MissingModelFileError, UnknownModelError, UsageError
from digit_infer.runtimes.model_file import ModelFile
from digit_infer.zoo.manifest import Checkpoint, InkModel, Manifest, ZooFile, ZooModel, read_manifest

FOLDER = Path(__file__).parent
MANIFEST = FOLDER / "manifest.json"
FILES = FOLDER / "files"
CARDS = FOLDER / "cards"
CHECKPOINTS_VARIABLE = "DIGIT_INFER_CHECKPOINTS"
_CHECKOUT_CHECKPOINTS = FOLDER.parents[1] / "training" / "checkpoints"

DEFAULT_MODEL = "digitnet"
"""The most accurate model of the zoo, trained for pictures that users take."""

READ_KEPT = 0.9995
"""The share of right digits that ``read`` keeps by default, where it was measured (real-pictures; pages)."""


@cache
def manifest() -> Manifest:
    """Return the list of the bundled models."""
    return read_manifest(MANIFEST)


def models() -> Mapping[str, ZooModel]:
    """Return the classifiers of the zoo by name."""
    return manifest().models


def model_named(name: str) -> ZooModel:
    """Return one model of the zoo.

    Raises:
        UnknownModelError: there is none of that name.
    """
    try:
        return models()[name]
    except KeyError:
        raise UnknownModelError(
            f"there is no model {name!r}", f"choose from {', '.join(models())}, or give the path of a .onnx or .tflite file"
        ) from None


def reject_below(model: str) -> float:
    """Return the confidence below which a model's prediction is no digit; 0 for a user's own file."""
    return 0.0 if is_path(model) else model_named(model).reject_below


def read_below(model: str) -> float:
    """Return the confidence below which ``read`` takes a piece of a line for no digit: the one that keeps ``READ_KEPT``.

    Where it was measured, it is lower than ``reject_below``: a number that lacks one of its digits is wrong as a whole.
    """
    operating = None if is_path(model) else model_named(model).operating
    return reject_below(model) if operating is None else operating.keeping(READ_KEPT)


def confidence_keeping(model: str, share: float) -> float:
    """Return the confidence that keeps this share of a model's right digits, as measured on digits that it did not see.

    Raises:
        UnknownModelError: there is no such model.
        UsageError: it was not measured for the model, or not for such a share.
    """
    operating = None if is_path(model) else model_named(model).operating
    if operating is None:
        measured = ", ".join(name for name, each in models().items() if each.operating) or "none"
        raise UsageError(
            f"nothing is measured of which confidence keeps {share:g} of the right digits of {model}",
            f"give a confidence by --reject-below; measured: {measured}",
        )
    return operating.keeping(share)


def card_of(model: ZooModel | InkModel) -> str | None:
    """Return the card of one of our own models in Markdown; None for the others."""
    path = CARDS / f"{model.name}.md"
    return path.read_text(encoding="utf-8") if path.exists() else None


def is_path(model: str | Path) -> bool:
    """Tell whether this is a path and no name: a ``Path``, with a model's suffix, with a folder, or a SavedModel."""
    if isinstance(model, Path) or Path(model).name != model:
        return True
    return model not in models() and format_of(Path(model)) is not None


def zoo_file(model: ZooModel, file: ZooFile) -> ModelFile:
    """Return one of a zoo model's files."""
    return ModelFile(model.name, FILES / file.file, file.format, file.precision, file.bytes, file.sha256)


def ink_file(model_format: Format | None, precision: Precision) -> ModelFile:
    """Find the ink network's file in a format, in float32 or int8.

    Raises:
        MissingModelFileError: there is none, or it is the trained Keras model, which is not bundled.
    """
    ink = manifest().ink
    if model_format == "keras":
        file = _checkpoint(ink.name, ink.checkpoint)
        return replace(file, contract=INK)
    found = next((file for file in ink.files if (file.format, file.precision) == (model_format, precision)), None)
    if found is None:
        raise MissingModelFileError(
            f"there is no {precision} {model_format} file of {ink.name}", "install digit-infer again"
        )
    return ModelFile(ink.name, FILES / found.file, found.format, found.precision, found.bytes, found.sha256, INK)


def has_ink_checkpoint() -> bool:
    """Tell whether the ink network's trained Keras model is here; it is not bundled."""
    return _checkpoint_path(manifest().ink.checkpoint).exists()


def checkpoint_file(model: ZooModel) -> ModelFile:
    """Find the trained Keras model that a zoo model was exported from. It is not bundled.

    It is looked for in the folder that ``DIGIT_INFER_CHECKPOINTS`` names, else in the checkout that holds this package.

    Raises:
        MissingModelFileError: it is not there.
    """
    return _checkpoint(model.name, model.checkpoint)


def _checkpoint(name: str, checkpoint: Checkpoint) -> ModelFile:
    path = _checkpoint_path(checkpoint)
    if not path.exists():
        raise MissingModelFileError(
            f"the Keras model of {name} is not bundled, and {path} does not exist",
            f"set {CHECKPOINTS_VARIABLE} to the folder that holds it, or give the path of a .keras file",
        )
    return ModelFile(name, path, "keras", "float32", path.stat().st_size, checkpoint.sha256)


def _checkpoint_path(checkpoint: Checkpoint) -> Path:
    return Path(os.environ.get(CHECKPOINTS_VARIABLE) or _CHECKOUT_CHECKPOINTS) / checkpoint.file


def files_of(model: ZooModel, model_format: Format, precision: Precision | None) -> list[ZooFile]:
    """Return a model's files in a format, the most exact first; with a precision, only those."""
    fitting = [file for file in model.files if file.format == model_format and precision in (None, file.precision)]
    return sorted(fitting, key=lambda file: PRECISIONS.index(file.precision))
