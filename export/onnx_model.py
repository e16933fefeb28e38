"""Keras -> ONNX, as bytes."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import onnx
import tf2onnx

from digit_infer.errors import ExportError
from export.metadata import KEY, Metadata
from export.onnx_canonical import canonical
from export.onnx_lean import fold_flattening_transposes
from export.wrapping import wrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from digit_infer.contract import Images, Precision
    from export.source import Source

OPSET = 17
"""tf2onnx writes global pooling as a transpose and a mean from 18 on, and refuses 19."""

_CALIBRATION_BATCH = 50


def onnx_bytes(source: Source, precision: Precision, about: Metadata, calibration: Callable[[], Images]) -> bytes:
    """Convert a network to an ONNX file that keeps the contract; ``calibration`` gives the pictures that int8 needs.

    Raises:
        ExportError: the result is no valid ONNX model.
    """
    model, _ = tf2onnx.convert.from_keras(wrapped(source.network, takes_bytes=True), opset=OPSET)
    model = fold_flattening_transposes(model)
    _name_ends(model)
    if precision == "int8":
        model = _quantized(model, calibration())
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


def _quantized(model: onnx.ModelProto, images: Images) -> onnx.ModelProto:
    """Quantize weights per channel and activations per tensor, in QDQ form.

    ``reduce_range`` keeps weights in seven bits: without VNNI, x86 adds pairs of 8-bit products in 16 bits, which
    saturates, and the accuracy would depend on the user's CPU.
    """
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    batches: Iterator[dict[str, Any]] = (
        {"images": images[start : start + _CALIBRATION_BATCH]} for start in range(0, len(images), _CALIBRATION_BATCH)
    )

    class Reader(CalibrationDataReader):
        def get_next(self) -> dict[str, Any] | None:
            return next(batches, None)

    with TemporaryDirectory() as folder:
        plain, prepared, quantized = (Path(folder) / f"{name}.onnx" for name in ("plain", "prepared", "quantized"))
        onnx.save(model, plain)
        quant_pre_process(plain, prepared, skip_symbolic_shape=True)
        quantize_static(
            prepared,
            quantized,
            Reader(),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
        )
        return onnx.load(quantized)
