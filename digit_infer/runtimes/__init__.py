"""The runtimes by name. A runtime's module is imported when it is looked up, its library when it is used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from digit_infer.errors import UnknownRuntimeError
from digit_infer.runtimes.protocol import RUNTIME_NAMES, Runtime, RuntimeName

_PLACES: dict[RuntimeName, str] = {
    "onnx-cpu": "onnx_cpu.RUNTIME",
    "onnx-gpu": "onnx_gpu.RUNTIME",
    "onnx-gpu-graph": "onnx_gpu.GRAPH_RUNTIME",
    "onnx-tensorrt": "onnx_gpu.TENSORRT_RUNTIME",
    "tflite": "tflite.RUNTIME",
    "tflm": "tflm.RUNTIME",
    "keras": "keras.RUNTIME",
    "browser-onnx": "browser.ONNX_RUNTIME",
    "browser-tflite": "browser.TFLITE_RUNTIME",
    "null": "protocol.NULL_RUNTIME",
}
"""The module of each runtime, and its name there."""


class _Table(Mapping[RuntimeName, Runtime]):
    """Imports a runtime's module when it is looked up."""

    def __getitem__(self, name: RuntimeName) -> Runtime:
        module, _, attribute = _PLACES[name].partition(".")
        runtime: Runtime = getattr(import_module(f"{__name__}.{module}"), attribute)
        return runtime

    def __iter__(self) -> Iterator[RuntimeName]:
        return iter(_PLACES)

    def __len__(self) -> int:
        return len(_PLACES)


RUNTIMES: Mapping[RuntimeName, Runtime] = _Table()


def runtime_named(name: str) -> Runtime:
    """Return a runtime by its name.

    Raises:
        UnknownRuntimeError: there is none of that name.
    """
    for known in RUNTIME_NAMES:
        if known == name:
            return RUNTIMES[known]
    raise UnknownRuntimeError(f"there is no runtime {name!r}", f"choose from {', '.join(RUNTIME_NAMES)} or auto")
