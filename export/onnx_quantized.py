"""An ONNX model with integer products, where they keep its answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx

from digit_infer.errors import ExportError

if TYPE_CHECKING:
    from digit_infer.contract import Images, Probabilities

PRODUCTS: tuple[tuple[str, ...], ...] = (("Conv", "MatMul", "Gemm"), ("Conv",), ("MatMul", "Gemm"))
"""What is quantized, the best choice for speed first: all products, or those of one kind."""

_BETWEEN = ("MaxPool", "Relu")
"""These pass integers on, so a product does not have to leave them. Elementwise arithmetic and the softmax lose by it."""

_CHANGED_ANSWERS = 0.01
_BATCH = 50


def quantized(model: onnx.ModelProto, images: Images) -> tuple[onnx.ModelProto, tuple[str, ...]]:
    """Quantize weights per channel and activations per tensor, in QDQ form; return the model and what was quantized.

    ``images`` (uint8 [N, 28, 28], training images) give the ranges of activations, and decide: the first of ``PRODUCTS``
    that changes at most 1 % of the answers on them is taken, or else the one that changes fewest.

    Raises:
        ExportError: there is nothing to quantize.
    """
    with _prepared(model) as prepared:
        expected = _answers(prepared, images)
        present = {node.op_type for node in onnx.load(prepared).graph.node}
        best: tuple[float, Path, tuple[str, ...]] | None = None
        choices = dict.fromkeys(tuple(product for product in products if product in present) for products in PRODUCTS)
        for number, products in enumerate(filter(None, choices)):
            path = prepared.with_name(f"quantized-{number}.onnx")
            _quantize(prepared, path, products, images)
            changed = float(np.mean(_answers(path, images) != expected))
            if best is None or changed < best[0]:
                best = changed, path, products
            if changed <= _CHANGED_ANSWERS:
                break
        if best is None:
            raise ExportError("the network holds no matrix product to quantize", "export it as float32")
        return onnx.load(best[1]), best[2]


def dynamically_quantized(model: onnx.ModelProto) -> onnx.ModelProto:
    """Keep the weights of dense layers in seven bits a channel; their inputs are quantized anew at each call.

    Convolutions stay as they are: ``ConvInteger`` is several times slower than float32 on CPUs.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with _prepared(model) as prepared:
        path = prepared.with_name("quantized.onnx")
        quantize_dynamic(
            prepared,
            path,
            op_types_to_quantize=["MatMul", "Gemm"],
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
        )
        return onnx.load(path)


@contextmanager
def _prepared(model: onnx.ModelProto) -> Iterator[Path]:
    """Yield a file of the model as the quantizers want it, in a folder that goes away, with its shapes inferred."""
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with TemporaryDirectory() as folder:
        plain, prepared = Path(folder) / "plain.onnx", Path(folder) / "prepared.onnx"
        onnx.save(model, plain)
        quant_pre_process(plain, prepared, skip_symbolic_shape=True)
        yield prepared


def _quantize(prepared: Path, path: Path, products: tuple[str, ...], images: Images) -> None:
    """Write the quantized model.

    ``reduce_range`` keeps weights in seven bits: without VNNI, x86 adds pairs of 8-bit products in 16 bits, which
    saturates, and the accuracy would depend on the user's CPU.
    """
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    batches: Iterator[dict[str, Any]] = (
        {"images": images[start : start + _BATCH]} for start in range(0, len(images), _BATCH)
    )

    class Reader(CalibrationDataReader):
        def get_next(self) -> dict[str, Any] | None:
            return next(batches, None)

    quantize_static(
        prepared,
        path,
        Reader(),
        quant_format=QuantFormat.QDQ,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=[*products, *_BETWEEN],
        per_channel=True,
        reduce_range=True,
    )


def _answers(path: Path, images: Images) -> np.ndarray[Any, np.dtype[np.int64]]:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    probabilities: Probabilities = session.run(None, {"images": images})[0]
    answers: np.ndarray[Any, np.dtype[np.int64]] = probabilities.argmax(axis=1)
    return answers
