"""The same work by hand: what a user would write with a runtime alone, as fast as they would know how.

Each function loads a file and returns a call: uint8 [N, 28, 28] -> float32 [N, 10].
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from digit_infer import zoo

if TYPE_CHECKING:
    from digit_infer.contract import Images, Probabilities

    Call = Callable[[Images], Probabilities]


def bare_onnx(path: Path) -> Call:
    """Load a file in ONNX Runtime with one thread; call ``InferenceSession.run``."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    source, targets = session.get_inputs()[0].name, [session.get_outputs()[0].name]

    def call(images: Images) -> Probabilities:
        answer: Probabilities = session.run(targets, {source: images})[0]
        return answer

    return call


def bare_tflite(path: Path, batch: int) -> Call:
    """Load a file in LiteRT with one thread and a fixed batch; set, invoke, get."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter: Any = Interpreter(model_path=str(path), num_threads=1)
    source, target = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    interpreter.resize_tensor_input(source, (batch, 28, 28))
    interpreter.allocate_tensors()

    def call(images: Images) -> Probabilities:
        interpreter.set_tensor(source, images)
        interpreter.invoke()
        answer: Probabilities = interpreter.get_tensor(target)
        return answer

    return call


def pair_of_files(first: Path, second: Path) -> Callable[[bool], tuple[Callable[[], object], Callable[[], object]]]:
    """Return what loads two ONNX files, in one order or the other, and gives the bare calls of both on one image."""
    images = some_images(1)

    def make(first_first: bool) -> tuple[Callable[[], object], Callable[[], object]]:  # noqa: FBT001  # for time_pairs
        if first_first:
            one, other = bare_onnx(first), bare_onnx(second)
        else:
            other, one = bare_onnx(second), bare_onnx(first)
        return lambda: one(images), lambda: other(images)

    return make


def shipped_onnx(model: str) -> Path:
    """Return the float32 ONNX file of a model of the zoo."""
    return zoo.FILES / zoo.files_of(zoo.model_named(model), "onnx", "float32")[0].file


def bare_call(runtime: str, path: Path, batch: int) -> Call:
    """Return the bare call of a runtime by digit_infer's name of it."""
    return bare_onnx(path) if runtime == "onnx-cpu" else bare_tflite(path, batch)


def some_images(batch: int) -> Images:
    """Return the first test images: uint8 [batch, 28, 28]."""
    from digit_infer.dataset import load

    return np.ascontiguousarray(load("test").images[:batch])
