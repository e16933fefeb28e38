"""The same work by hand: what a user would write with a runtime, and its fastest call known.

Each call maps uint8 [N, 28, 28] to float32 [N, 10], for any images or for those it was created with.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from digit_infer import zoo
from digit_infer.contract import CLASSES, SIDE

if TYPE_CHECKING:
    from digit_infer import Predictor
    from digit_infer.contract import Images, Probabilities

    Call = Callable[[Images], Probabilities]


def bare_onnx(path: Path) -> Call:
    """Load a file in ONNX Runtime with one thread, and return ``InferenceSession.run`` of it."""
    session = onnx_session(path)
    source, targets = session.get_inputs()[0].name, [session.get_outputs()[0].name]

    def call(images: Images) -> Probabilities:
        answer: Probabilities = session.run(targets, {source: images})[0]
        return answer

    return call


def bound_onnx(session: Any, images: Images) -> Callable[[], Probabilities]:
    """Bind these images and an output array once; each call overwrites the output.

    Nothing is copied: no call of the public API does less.
    """
    import onnxruntime

    answers = np.empty((len(images), CLASSES), np.float32)
    value_of = onnxruntime.OrtValue.ortvalue_from_numpy
    given, taken = value_of(images), value_of(answers)
    binding = session.io_binding()
    binding.bind_ortvalue_input(session.get_inputs()[0].name, given)
    binding.bind_ortvalue_output(session.get_outputs()[0].name, taken)
    run = session.run_with_iobinding

    def call() -> Probabilities:
        run(binding)
        return answers

    return call


def bare_tflite(interpreter: Any, batch: int) -> Call:
    """Fix the batch of an interpreter, and return a call that sets, invokes and gets."""
    source, target = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    interpreter.resize_tensor_input(source, (batch, SIDE, SIDE))
    interpreter.allocate_tensors()
    set_tensor, invoke, get_tensor = interpreter.set_tensor, interpreter.invoke, interpreter.get_tensor

    def call(images: Images) -> Probabilities:
        set_tensor(source, images)
        invoke()
        answer: Probabilities = get_tensor(target)
        return answer

    return call


def fastest_call(predictor: Predictor, images: Images) -> Callable[[], Probabilities]:
    """Return the fastest known call of a predictor's runtime, on the predictor's own session.

    Two sessions of one file differ in speed by memory layout, and two of 13 MB evict each other from the caches. With one
    session, the difference between the calls is the code around it.
    """
    from digit_infer.runtimes.onnx_session import OnnxSession  # imports ONNX Runtime, which peers of others lack
    from digit_infer.runtimes.tflite import TfliteSession

    predictor.predict_array(images)  # LiteRT plans its tensors at the first call with a batch
    session = predictor.chosen.session
    if isinstance(session, OnnxSession):
        return bound_onnx(session.session, images)
    assert isinstance(session, TfliteSession), f"no fastest call is known of {predictor.runtime}"
    return partial(bare_tflite(session.interpreter, len(images)), images)


def onnx_session(path: Path) -> Any:
    """Load a file in ONNX Runtime with one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def pair_of_files(first: Path, second: Path) -> Callable[[bool], tuple[Callable[[], object], Callable[[], object]]]:
    """Return a function that loads two ONNX files, in either order, and returns their bare calls on one image."""
    images = some_images(1)

    def make(first_first: bool) -> tuple[Callable[[], object], Callable[[], object]]:  # noqa: FBT001  # for time_pairs
        if first_first:
            one, other = bare_onnx(first), bare_onnx(second)
        else:
            other, one = bare_onnx(second), bare_onnx(first)
        return lambda: one(images), lambda: other(images)

    return make


def shipped_onnx(model: str) -> Path:
    """Return the float32 ONNX file of a model in the zoo."""
    return zoo.FILES / zoo.files_of(zoo.model_named(model), "onnx", "float32")[0].file


def some_images(batch: int) -> Images:
    """Return the first test images: uint8 [batch, 28, 28]."""
    from digit_infer.dataset import load

    return np.ascontiguousarray(load("test").images[:batch])
