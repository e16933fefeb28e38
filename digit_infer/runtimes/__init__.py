"""The table of runtimes. Importing it imports none of the libraries behind them."""

from __future__ import annotations

from collections.abc import Mapping

from digit_infer.errors import UnknownRuntimeError
from digit_infer.runtimes.keras import Keras
from digit_infer.runtimes.null import Null
from digit_infer.runtimes.onnx_cpu import OnnxCpu
from digit_infer.runtimes.onnx_gpu import OnnxGpu
from digit_infer.runtimes.protocol import RUNTIME_NAMES, Runtime, RuntimeName
from digit_infer.runtimes.tflite import Tflite

RUNTIMES: Mapping[RuntimeName, Runtime] = {
    "onnx-cpu": OnnxCpu(),
    "onnx-gpu": OnnxGpu(),
    "tflite": Tflite(),
    "keras": Keras(),
    "null": Null(),
}


def runtime_named(name: str) -> Runtime:
    """Return a runtime by its name.

    Raises:
        UnknownRuntimeError: there is none of that name.
    """
    for known in RUNTIME_NAMES:
        if known == name:
            return RUNTIMES[known]
    raise UnknownRuntimeError(f"there is no runtime {name!r}", f"choose from {', '.join(RUNTIME_NAMES)} or auto")
