"""Keras -> ONNX, as bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import onnx
import tf2onnx

from export.errors import ExportError
from export.metadata import KEY, Metadata
from export.onnx_canonical import canonical
from export.onnx_half import half
from export.onnx_lean import lean
from export.onnx_quantized import dynamically_quantized, quantized
from export.wrapping import wrapped

if TYPE_CHECKING:
    from pathlib import Path

    from digit_infer.contract import Precision
    from export.calibration import Calibration
    from export.source import Source

_QUANTIZED = f"{KEY}.quantized"

OPSET = 17
"""tf2onnx writes global pooling as a transpose and a mean from 18 on, and refuses 19."""


def onnx_bytes(source: Source, precision: Precision, about: Metadata, calibration: Calibration) -> bytes:
    """Convert a network to an ONNX file that keeps the contract; int8 takes its ranges from ``calibration``.

    Raises:
        ExportError: the result is no valid ONNX model.
    """
    model, _ = tf2onnx.convert.from_keras(wrapped(source.network, source.interface, takes_bytes=True), opset=OPSET)
    _name_ends(model)
    model = canonical(lean(model))
    if precision == "float16":
        model = half(model)
    if precision == "int8-dynamic":
        model = dynamically_quantized(model)
        model.metadata_props.add(key=_QUANTIZED, value="MatMul, Gemm")
    if precision == "int8":
        model, choice = quantized(model, calibration.images(), calibration.method)
        model.metadata_props.add(key=_QUANTIZED, value=choice)
    model = canonical(model)
    model.graph.name = source.name
    for key, value in about.entries().items():
        model.metadata_props.add(key=f"{KEY}.{key}", value=value)
    try:
        onnx.checker.check_model(model, full_check=True)
    except onnx.checker.ValidationError as error:
        raise ExportError(f"the ONNX model of {source.name} is not valid ({error})", "report this network") from error
    return bytes(model.SerializeToString())


def quantized_operators(path: Path) -> str:
    """Return which operators of a file work on integers, as its metadata says."""
    return next((entry.value for entry in onnx.load(path).metadata_props if entry.key == _QUANTIZED), "")


def _name_ends(model: onnx.ModelProto) -> None:
    """Give input, output and batch dimension the names of the contract."""
    for end, name in ((model.graph.input[0], "images"), (model.graph.output[0], "probabilities")):
        for node in model.graph.node:
            node.input[:] = [name if value == end.name else value for value in node.input]
            node.output[:] = [name if value == end.name else value for value in node.output]
        end.name = name
        end.type.tensor_type.shape.dim[0].dim_param = "N"
