"""Inputs and outputs of model files, and types that the whole package shares.

    DIGITS    images: uint8 [N, 28, 28], 0 = background, 255 = ink    ->    probabilities: float32 [N, 10], rows sum to 1
    INK       grey: uint8 [N, 128, 128], 0 = black, 255 = white       ->    ink: uint8 [N, 128, 128], 255 = full of ink

Scaling and the channel axis are part of the graph, so callers do not normalise.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np

from digit_infer.errors import ContractError, InvalidArrayError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Images: TypeAlias = NDArray[np.uint8]
    """uint8 [N, 28, 28]"""
    Probabilities: TypeAlias = NDArray[np.float32]
    """float32 [N, 10]"""

SIDE = 28
INK_SIDE = 128
"""Side in pixels of the ink network's input and output."""
UINT8 = np.dtype(np.uint8)
CLASSES = 10
ROW_SUM = 0.03
"""Largest difference of a row's sum from 1: an int8 file outputs probabilities in steps of 1/256."""


@dataclass(frozen=True)
class Contract:
    """Input uint8 [N, *takes], output ``dtype`` [N, *gives]."""

    takes: tuple[int, ...]
    gives: tuple[int, ...]
    dtype: str


DIGITS = Contract((SIDE, SIDE), (CLASSES,), "float32")
INK = Contract((INK_SIDE, INK_SIDE), (INK_SIDE, INK_SIDE), "uint8")

Format = Literal["onnx", "tflite", "keras"]
Precision = Literal["float32", "float16", "int16x8", "int8-dynamic", "int8"]

FORMATS: tuple[Format, ...] = get_args(Format)
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
"""Most exact first. ``int16x8``: 16-bit activations, 8-bit weights. ``int8-dynamic``: 8-bit weights, activations in
float or quantized at run time. ``int8``: both in 8 bits.
"""


SUFFIXES: Mapping[str, Format] = {".onnx": "onnx", ".tflite": "tflite", ".keras": "keras", ".h5": "keras", ".hdf5": "keras"}
SAVED_MODEL = "saved_model.pb"
"""A folder that holds this file is a SavedModel of TensorFlow."""


def format_of(path: Path) -> Format | None:
    """Return the format of a file by its suffix, or None; a SavedModel counts as Keras."""
    found = SUFFIXES.get(path.suffix.lower())
    return "keras" if found is None and is_saved_model(path) else found


def is_saved_model(path: Path) -> bool:
    """Tell whether a folder is a SavedModel."""
    try:
        return (path / SAVED_MODEL).is_file()
    except (OSError, ValueError):  # a name that no path may have
        return False


def check_images(images: Images, contract: Contract = DIGITS) -> None:
    """Check an array against a contract's input.

    Raises:
        InvalidArrayError: it is not an array, or has another dtype or shape.
    """
    if not isinstance(images, np.ndarray):
        raise InvalidArrayError(f"got a {type(images).__name__}, not an array", "pass a uint8 array of shape [N, 28, 28]")
    if images.dtype != np.uint8:
        raise InvalidArrayError(
            f"the array has dtype {images.dtype}, not uint8",
            "pass 0 (background) to 255 (ink), not scaled to 0..1",
        )
    if images.shape[1:] != contract.takes:
        raise InvalidArrayError(
            f"the array has shape {images.shape}, not (N, {', '.join(map(str, contract.takes))})",
            "pass pictures of another size to predict()",
        )


def check_probabilities(name: str, answers: Probabilities) -> None:
    """Check that a model's outputs, float32 [N, 10], are probabilities.

    Raises:
        ContractError: they contain NaN or infinity, lie outside of 0..1, or a row does not sum to 1.
    """
    if not np.isfinite(answers).all():
        raise ContractError(f"{name} gives NaN or infinity", "train it again, or export it again")
    low, high, sums = answers.min(), answers.max(), answers.sum(axis=1)
    furthest = sums[np.abs(sums - 1).argmax()]
    if low < -ROW_SUM or abs(furthest - 1) > ROW_SUM:
        raise ContractError(
            f"{name} gives no probabilities: values of {low:.3g} to {high:.3g}, a row sums to {furthest:.3g}",
            "end it in a softmax; python -m export adds one",
        )


def check_signature(
    name: str,
    inputs: Sequence[tuple[str, Sequence[object]]],
    outputs: Sequence[tuple[str, Sequence[object]]],
    *,
    contract: Contract = DIGITS,
    batch: int | None = None,
) -> None:
    """Check a model's inputs and outputs, each (dtype, shape), against a contract.

    A dimension that is not a positive number is dynamic. The batch must be dynamic, or ``batch`` if given.

    Raises:
        ContractError: they differ; the message shows both.
    """
    wanted: list[list[tuple[str, tuple[int | None, ...]]]]
    wanted = [[("uint8", (batch, *contract.takes))], [(contract.dtype, (batch, *contract.gives))]]
    found = [[(dtype, tuple(_size(size) for size in shape)) for dtype, shape in ends] for ends in (inputs, outputs)]
    if found != wanted:
        raise ContractError(
            f"{name} maps {_described(found[0])} to {_described(found[1])}, "
            f"not {_described(wanted[0])} to {_described(wanted[1])}",
            "convert it with python -m export, which adds scaling and axes to the graph",
        )


def _size(size: object) -> int | None:
    return int(size) if isinstance(size, int | np.integer) and size > 0 else None


def _described(ends: Sequence[tuple[str, tuple[int | None, ...]]]) -> str:
    return ", ".join(
        f"{dtype} [{', '.join('N' if size is None else str(size) for size in shape)}]" for dtype, shape in ends
    )
