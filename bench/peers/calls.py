"""Ways to call a model by hand, by their names in ``bench.peers.table``: each is what a user would write with that library.

Each takes a file and a batch, and returns a function uint8 [batch, 28, 28] -> float32 [batch, 10]. They run on one thread;
those of Keras use TensorFlow's own threads. A library is imported by its call, in an environment that has it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.bare import bare_onnx, bare_tflite, onnx_session

if TYPE_CHECKING:
    from digit_infer.benchmark.scenarios import Answer
    from digit_infer.contract import Images, Probabilities

_OPENVINO = {"NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}
"""Without the last, a CPU with bfloat16 computes in it: less exact, and less work than the others do."""


def onnxruntime_run(path: Path, batch: int) -> Answer:
    """Call ``InferenceSession.run``, for any batch."""
    del batch
    return bare_onnx(path)


def onnxruntime_bound(path: Path, batch: int) -> Answer:
    """Bind the input and output arrays of ONNX Runtime once."""
    session = onnx_session(path)
    images, probabilities = np.zeros((batch, 28, 28), np.uint8), np.empty((batch, 10), np.float32)
    bound = session.io_binding()
    source, target = session.get_inputs()[0].name, session.get_outputs()[0].name
    bound.bind_input(source, "cpu", 0, np.uint8, images.shape, images.ctypes.data)
    bound.bind_output(target, "cpu", 0, np.float32, probabilities.shape, probabilities.ctypes.data)
    run, binding = session._sess.run_with_iobinding, bound._iobinding  # noqa: SLF001  # skips a Python frame

    def call(asked: Images) -> Probabilities:
        images[:] = asked
        run(binding, None)
        return probabilities.copy()

    return call


def litert_invoke(path: Path, batch: int) -> Answer:
    """Set, invoke and get with LiteRT."""
    from ai_edge_litert.interpreter import Interpreter

    return bare_tflite(Interpreter(model_path=str(path), num_threads=1), batch)


def compiled(path: Path, batch: int) -> Any:
    """Compile an ONNX file as ``benchmark_app -hint none -nstreams 1 -nthreads 1 -infer_precision f32`` does."""
    import openvino

    core = openvino.Core()
    model = core.read_model(path)
    model.reshape([batch, 28, 28])
    return core.compile_model(model, "CPU", _OPENVINO)


def openvino_model(path: Path, batch: int) -> Answer:
    """Call a model that OpenVINO compiled on an array."""
    model = compiled(path, batch)

    def call(images: Images) -> Probabilities:
        answer: Probabilities = model(images)[0]
        return answer

    return call


def openvino_request(path: Path, batch: int) -> Answer:
    """Infer one request of OpenVINO repeatedly, as benchmark_app does; its input is set once, to the first images."""
    request = compiled(path, batch).create_infer_request()
    source, answer, infer = request.get_input_tensor().data, request.get_output_tensor().data, request.infer
    filled = False

    def call(images: Images) -> Probabilities:
        nonlocal filled
        if not filled:
            source[:] = images
            filled = True
        infer()
        probabilities: Probabilities = answer
        return probabilities

    return call


def keras_function(path: Path, batch: int) -> Answer:
    """Call a Keras model in one ``tf.function``, with the scaling of pixels."""
    import keras
    import tensorflow as tf

    model = keras.saving.load_model(path, compile=False)
    shape = model.inputs[0].shape[1:]

    @tf.function(input_signature=[tf.TensorSpec((batch, 28, 28), tf.uint8)])  # type: ignore[untyped-decorator]  # untyped
    def answer(images: Any) -> Any:
        return model(tf.reshape(tf.cast(images, tf.float32) / 255.0, (batch, *shape)), training=False)

    def call(images: Images) -> Probabilities:
        probabilities: Probabilities = answer(images).numpy()
        return probabilities

    return call


def keras_predict(path: Path, batch: int) -> Answer:
    """Call ``Model.predict`` of Keras, for any batch."""
    import keras

    del batch
    model = keras.saving.load_model(path, compile=False)
    shape = model.inputs[0].shape[1:]

    def call(images: Images) -> Probabilities:
        pixels = images.reshape(-1, *shape).astype(np.float32) / np.float32(255)
        answer: Probabilities = model.predict(pixels, verbose=0)
        return answer

    return call
