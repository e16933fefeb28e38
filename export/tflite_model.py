"""Keras -> TFLite, as bytes."""

from __future__ import annotations

import contextlib
import sys
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from export.metadata import KEY, Metadata
from export.wrapping import wrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from digit_infer.contract import Images, Precision
    from export.source import Source


def tflite_bytes(source: Source, precision: Precision, about: Metadata, calibration: Callable[[], Images]) -> bytes:
    """Convert a network to a TFLite file that keeps the contract, with built-in operators only.

    ``calibration`` gives the pictures that int8 needs. The converter is given the Keras model itself:
    given its concrete functions it writes a file without weights.
    """
    import tensorflow as tf

    model = wrapped(source.network, source.interface, takes_bytes=precision != "int8")
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if precision != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]  # alone: weights in eight bits, which is int8-dynamic
    if precision == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if precision == "int8":
        converter.representative_dataset = lambda: _samples(calibration())
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.uint8  # scale 1/255, zero point 0: bytes go in as they are
        converter.inference_output_type = tf.float32
    with contextlib.redirect_stdout(sys.stderr), warnings.catch_warnings():
        # Where calibration statistics are given, as here, the warning about their absence is about another API.
        warnings.filterwarnings("ignore", "Statistics for quantized inputs were expected")
        converted = converter.convert()
    return _described(converted, about)


def _samples(images: Images) -> Iterator[list[Any]]:
    for image in images:
        yield [image[None].astype(np.float32) / np.float32(255)]


def _described(converted: bytes, about: Metadata) -> bytes:
    """Give input and output the names of the contract, and the file its metadata."""
    from tensorflow.lite.python import schema_py_generated as schema
    from tensorflow.lite.tools import flatbuffer_utils

    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(converted))
    graph = model.subgraphs[0]
    graph.tensors[graph.inputs[0]].name = b"images"
    graph.tensors[graph.outputs[0]].name = b"probabilities"
    model.signatureDefs[0].inputs[0].name = b"images"
    model.signatureDefs[0].outputs[0].name = b"probabilities"
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(about.as_json().encode(), np.uint8)
    model.buffers.append(buffer)
    entry = schema.MetadataT()
    entry.name, entry.buffer = KEY.encode(), len(model.buffers) - 1
    model.metadata = [*(model.metadata or []), entry]
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))
