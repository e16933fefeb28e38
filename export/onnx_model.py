"""Keras -> ONNX, as bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import onnx
import tf2onnx

from digit_infer.errors import ExportError
from export.metadata import KEY, Metadata
from export.onnx_canonical import canonical
from export.onnx_half import half
from export.onnx_lean import lean
from export.onnx_quantized import dynamically_quantized, quantized
from export.wrapping import wrapped

if TYPE_CHECKING:
    from collections.abc import Callable

    from digit_infer.contract import Images, Precision
    from export.source import Source

OPSET = 17
"""tf2onnx writes global pooling as a transpose and a mean from 18 on, and refuses 19."""


def onnx_bytes(source: Source, precision: Precision, about: Metadata, calibration: Callable[[], Images]) -> bytes:
    """Convert a network to an ONNX file that keeps the contract; ``calibration`` gives the pictures that int8 needs.

    Raises:
        ExportError: the result is no valid ONNX model.
    """
    model, _ = tf2onnx.convert.from_keras(wrapped(source.network, takes_bytes=True), opset=OPSET)
    _name_ends(model)
    model = canonical(lean(model))
    if precision == "float16":
        model = half(model)
    if precision == "int8-dynamic":
        model = dynamically_quantized(model)
    if precision == "int8":
        model, choice = quantized(model, calibration())
        model.metadata_props.add(key=f"{KEY}.quantized", value=choice)
    model = canonical(model)
    model.graph.name = source.name
    for key, value in sorted(vars(about).items()):
        model.metadata_props.add(key=f"{KEY}.{key}", value=value)
    try:
        onnx.checker.check_model(model, full_check=True)
    except onnx.checker.ValidationError as error:
        raise ExportError(f"the ONNX model of {source.name} is not valid ({error})", "report this network") from error
    return bytes(model.SerializeToString())


def _name_ends(model: onnx.ModelProto) -> None:
    """Give input, output and batch dimension the names of the contract."""
    for end, name in ((model.graph.input[0], "images"), (model.graph.output[0], "probabilities")):
        for node in model.graph.node:
            node.input[:] = [name if value == end.name else value for value in node.input]
            node.output[:] = [name if value == end.name else value for value in node.output]
        end.name = name
        end.type.tensor_type.shape.dim[0].dim_param = "N"
