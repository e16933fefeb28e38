"""The formats, and the precisions of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from digit_infer.contract import PRECISIONS, Format, Precision

Pair: TypeAlias = tuple[Format, Precision]

FORMATS: tuple[Format, ...] = ("onnx", "tflite")

NOT_MADE: Mapping[Pair, str] = {
    ("onnx", "int16x8"): "ONNX Runtime has no products of 16-bit by 8-bit integers, it would compute them in floats",
}

PRECISIONS_OF: Mapping[Format, tuple[Precision, ...]] = {
    model_format: tuple(precision for precision in PRECISIONS if (model_format, precision) not in NOT_MADE)
    for model_format in FORMATS
}

ALL: tuple[Pair, ...] = tuple(
    (model_format, precision) for model_format in FORMATS for precision in PRECISIONS_OF[model_format]
)
"""Every combination, the most exact of a format first."""
