"""The peers: name, environment, model file, and our runtime to compare with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from digit_infer import zoo
from digit_infer.contract import Format, Precision
from digit_infer.runtimes.model_file import ModelFile
from digit_infer.runtimes.protocol import RuntimeName

PeerName = Literal[
    "onnxruntime_run",
    "onnxruntime_bound",
    "litert_invoke",
    "openvino_model",
    "openvino_request",
    "keras_function",
    "keras_predict",
]


@dataclass(frozen=True)
class Peer:
    """A way to call a model by hand: a function of ``bench.peers.calls``, and how a user writes it.

    ``beside`` is our ``Predictor``'s runtime to compare with, on the float32 ONNX or the int8 TFLite file.
    """

    name: PeerName
    written: str
    environment: str
    format: Format
    beside: Ours


@dataclass(frozen=True)
class Ours:
    """``Predictor.predict_array`` on a runtime, in an environment with that runtime only."""

    runtime: RuntimeName
    environment: str
    precision: Precision


OURS_ONNX = Ours("onnx-cpu", "onnxruntime", "float32")
OURS_TFLITE = Ours("tflite", "litert", "int8")

PEERS: Mapping[PeerName, Peer] = {
    peer.name: peer
    for peer in (
        Peer("onnxruntime_run", "`InferenceSession.run`", "onnxruntime", "onnx", OURS_ONNX),
        Peer("onnxruntime_bound", "ONNX Runtime, arrays bound once", "onnxruntime", "onnx", OURS_ONNX),
        Peer("litert_invoke", "LiteRT: set, invoke, get", "litert", "tflite", OURS_TFLITE),
        Peer("openvino_model", "OpenVINO: `compiled_model(images)`", "openvino", "onnx", OURS_ONNX),
        Peer("openvino_request", "OpenVINO: `infer()`, input filled once", "openvino", "onnx", OURS_ONNX),
        Peer("keras_function", "`model(x)` in a `tf.function`", "keras", "keras", OURS_ONNX),
        Peer("keras_predict", "`keras.Model.predict`", "keras", "keras", OURS_ONNX),
    )
}


def file_for(model: str, peer: Peer) -> ModelFile:
    """Return the file that a peer opens: float32 ONNX, int8 TFLite or a Keras checkpoint.

    Raises:
        UnknownModelError: the zoo has no such model.
        MissingModelFileError: its checkpoint does not exist.
    """
    entry = zoo.model_named(model)
    if peer.format == "keras":
        return zoo.checkpoint_file(entry)
    (file,) = zoo.files_of(entry, peer.format, peer.beside.precision)
    return zoo.zoo_file(entry, file)
