"""Keras -> ONNX, as bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
import numpy as np
import onnx

from export.contract_onnx import OPSET, precision_of
from export.errors import ExportError
from export.metadata import KEY, Metadata
from export.onnx_canonical import canonical
from export.onnx_lean import lean
from export.onnx_quantized import dynamically_quantized, quantized, weights_in_eight_bits
from export.wrapping import unrolled, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from digit_infer.contract import Precision
    from export.calibration import Calibration
    from export.source import Source

_QUANTIZED = f"{KEY}.quantized"


def onnx_files(source: Source, precision: Precision, about: Metadata, calibration: Calibration) -> Iterator[bytes]:
    """Convert a network to ONNX files that keep the contract, as ``finished`` does.

    Raises:
        ExportError: the result is no valid ONNX model.
    """
    import tf2onnx

    with unrolled(source.network, but=(keras.layers.LSTM,)):  # which is an operator of ONNX
        whole = wrapped(source.network, source.interface, takes_bytes=True, folds=source.folds)
        model, _ = tf2onnx.convert.from_keras(whole, opset=OPSET)
    name_ends(model, "images", "probabilities")
    for end in (model.graph.input[0], model.graph.output[0]):
        end.type.tensor_type.shape.dim[0].dim_param = "N"
    _write_erfc(model)
    for node in model.graph.node:
        if not node.domain and not onnx.defs.has(node.op_type):
            raise ValueError(f'ONNX has no such operator: fused["{node.op_type}:", "{node.name}"]')
    yield from finished(model, source.name, precision, about, calibration, folds=source.folds)


def finished(
    model: onnx.ModelProto,
    name: str,
    precision: Precision,
    about: Metadata,
    calibration: Calibration,
    *,
    folds: bool = True,
) -> Iterator[bytes]:
    """Simplify a float32 model that keeps the contract and convert it to a precision; others are only given metadata.

    For int8 and int8-dynamic there are several candidates, the preferred one first. int8 takes its ranges from
    ``calibration``. In the second int8-dynamic file only the weights are integers, so answers do not depend on the
    other images of a batch.

    Raises:
        ExportError: the result is no valid ONNX model.
    """
    if precision_of(model) != "float32":
        yield _described(model, name, about)
        return
    model = canonical(lean(model, folds=folds))
    if precision == "int8-dynamic":
        yield _described(dynamically_quantized(model), name, about, "MatMul, Gemm")
        yield _described(weights_in_eight_bits(model), name, about, "weights")
    elif precision == "int8":
        for candidate, choice in quantized(model, calibration.images(), calibration.method):
            yield _described(candidate, name, about, choice)
    else:
        if precision == "float16":  # half the size; GPUs gain speed by it, CPUs do not
            from onnxruntime.transformers.float16 import convert_float_to_float16

            model = convert_float_to_float16(model, keep_io_types=True)
        yield _described(model, name, about)


def _described(model: onnx.ModelProto, name: str, about: Metadata, integers: str = "") -> bytes:
    model = canonical(model)
    if integers:
        model.metadata_props.add(key=_QUANTIZED, value=integers)
    model.graph.name = name
    for key, value in about.entries().items():
        model.metadata_props.add(key=f"{KEY}.{key}", value=value)
    try:
        onnx.checker.check_model(model, full_check=True)
    except onnx.checker.ValidationError as error:
        raise ExportError(f"the ONNX model of {name} is not valid ({error})", "report this network") from error
    return bytes(model.SerializeToString())


def quantized_operators(path: Path) -> str:
    """Return which operators of a file are quantized, from its metadata."""
    return next((entry.value for entry in onnx.load(path).metadata_props if entry.key == _QUANTIZED), "")


def _write_erfc(model: onnx.ModelProto) -> None:
    """Write ``Erfc``, which tf2onnx makes of the exact GELU and ONNX does not have, as 1 - Erf: right to 1.4e-6."""
    if all(node.op_type != "Erfc" for node in model.graph.node):
        return
    nodes = []
    for node in model.graph.node:
        if node.op_type == "Erfc":
            name = node.output[0]
            one = onnx.numpy_helper.from_array(np.array(1, np.float32), f"{name}.one")
            model.graph.initializer.append(one)
            nodes.append(onnx.helper.make_node("Erf", node.input, [f"{name}.erf"]))
            nodes.append(onnx.helper.make_node("Sub", [one.name, f"{name}.erf"], [name]))
        else:
            nodes.append(onnx.NodeProto.FromString(node.SerializeToString()))
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def name_ends(model: onnx.ModelProto, takes: str, gives: str) -> None:
    """Rename the input and the output of a model."""
    for end, name in ((model.graph.input[0], takes), (model.graph.output[0], gives)):
        for node in model.graph.node:
            node.input[:] = [name if value == end.name else value for value in node.input]
            node.output[:] = [name if value == end.name else value for value in node.output]
        end.name = name
