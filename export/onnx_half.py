"""An ONNX model that computes in float16, with the contract's float32 at its end."""

from __future__ import annotations

import onnx


def half(model: onnx.ModelProto) -> onnx.ModelProto:
    """Turn weights and arithmetic into float16: half the size. GPUs gain by it, CPUs do not."""
    from onnxruntime.transformers.float16 import convert_float_to_float16

    converted: onnx.ModelProto = convert_float_to_float16(model, keep_io_types=True)
    return converted
