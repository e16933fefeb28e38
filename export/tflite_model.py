"""Keras -> TFLite, as bytes."""

from __future__ import annotations

import contextlib
import json
import sys
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from export import contract_tflite
from export.errors import ExportError
from export.layer_names import layer_named_in
from export.metadata import KEY, Metadata
from export.tflite_input import with_byte_input
from export.tflite_quantized import CHOICES, quantized, well_quantized
from export.wrapping import unrolled, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import keras

    from digit_infer.contract import Images, Precision
    from export.calibration import Calibration
    from export.graph_source import GraphSource
    from export.source import Source


_INT16X8 = "EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8"


def tflite_files(
    source: Source, precision: Precision, about: Metadata, calibration: Calibration, *, for_one: bool = False
) -> Iterator[bytes]:
    """Convert a network to TFLite files that keep the contract, with built-in operators only; the preferred comes first.

    ``int8`` and ``int16x8`` take their ranges from ``calibration``. The converter is given the Keras model itself:
    given its concrete functions it writes a file without weights.

    Raises:
        ExportError: the calibration is not possible.
    """
    if precision == "int8":
        floats = calibrated(source, calibration.images(), batch=1 if for_one else None)
        yield from _integers(floats, about, calibration, source.network, for_one=for_one)
    elif precision == "int16x8":
        yield described(with_byte_input(_int16x8(source, calibration)), about.entries(), "images", "probabilities")
    else:
        yield described(_floats(source, precision), about.entries(), "images", "probabilities")


def _integers(
    floats: bytes, about: Metadata, calibration: Calibration, network: keras.Model | None, *, for_one: bool
) -> Iterator[bytes]:
    """Yield full-integer files; the metadata says what is quantized if that is not the first choice."""
    if for_one:
        whole = quantized(floats, calibration.images(), calibration.method)
        yield described(whole, about.entries(), "images", "probabilities")
        return
    for whole, choice in well_quantized(floats, calibration.images(), calibration.method):
        kinds, but, product = choice.partition(" but ")
        layer = layer_named_in(network, product) if "/" in product and network is not None else None
        said = {} if choice == next(iter(CHOICES)) else {"quantized": choice if layer is None else f"{kinds}{but}{layer}"}
        yield described(whole, about.entries() | said, "images", "probabilities")


def quantized_operators(content: bytes) -> str:
    """Return what is quantized in a full-integer file, from its metadata."""
    from tensorflow.lite.tools import flatbuffer_utils

    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
    entry = next(entry for entry in model.metadata if entry.name == KEY.encode())
    said: str = json.loads(bytes(model.buffers[entry.buffer].data)).get("quantized", next(iter(CHOICES)))
    return said


def tflite_of_graph(
    source: GraphSource,
    content: bytes,
    precision: Precision,
    about: Metadata,
    calibration: Calibration,
    *,
    for_one: bool = False,
) -> Iterator[bytes]:
    """Add the contract's input and output to a TFLite classifier, in its own precision or quantized.

    Raises:
        ExportError: its shape does not allow it.
    """
    name, adapter = source.name, source.adapter
    if precision == "int8" and contract_tflite.precision_of(content) == "float32":
        floats = contract_tflite.with_unit_input(name, content, adapter)
        ranged = contract_tflite.calibrated(floats, calibration.images())
        yield from _integers(ranged, about, calibration, None, for_one=for_one)
    else:
        whole = content if adapter is None else contract_tflite.with_contract(name, content, adapter)
        yield described(whole, about.entries(), "images", "probabilities")


def _floats(source: Source, precision: Precision) -> bytes:
    converter = _converter(source, takes_bytes=True)
    if precision != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]  # alone: weights in eight bits, which is int8-dynamic
    if precision == "float16":
        converter.target_spec.supported_types = [tf.float16]
    with unrolled(source.network):
        return run_converter(converter)


def calibrated(source: Source, images: Images, batch: int | None = None) -> bytes:
    """Convert to float32 with an input in 0..1, and note the range of each tensor over uint8 [N, 28, 28]."""
    converter = _converter(source, takes_bytes=False, batch=batch)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: _samples(images)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter._experimental_calibrate_only = True  # noqa: SLF001  # nothing public gives the ranges before their use
    with unrolled(source.network):
        return run_converter(converter)


def _int16x8(source: Source, calibration: Calibration) -> bytes:
    if calibration.method != "min-max":
        raise ExportError(
            f"int16x8 is not calibrated by {calibration.method}: sixteen bits have steps to spare, nothing is clipped",
            "calibrate it by min-max",
        )
    images = calibration.images()
    converter = _converter(source, takes_bytes=False)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: _samples(images)
    converter.target_spec.supported_ops = [tf.lite.OpsSet[_INT16X8]]
    with unrolled(source.network):
        return run_converter(converter)


def _converter(source: Source, *, takes_bytes: bool, batch: int | None = None) -> Any:
    whole = wrapped(source.network, source.interface, takes_bytes=takes_bytes, batch=batch, folds=source.folds)
    return tf.lite.TFLiteConverter.from_keras_model(whole)


def run_converter(converter: Any) -> bytes:
    """Convert, with what the converter prints on stderr."""
    with contextlib.redirect_stdout(sys.stderr), warnings.catch_warnings():
        # Where calibration statistics are given, as here, the warning about their absence is about another API.
        warnings.filterwarnings("ignore", "Statistics for quantized inputs were expected")
        converted: bytes = converter.convert()
    return converted


def _samples(images: Images) -> Iterator[list[Any]]:
    for image in images:
        yield [image[None].astype(np.float32) / np.float32(255)]


def described(converted: bytes, about: Mapping[str, str], takes: str, gives: str) -> bytes:
    """Give input and output their names, and the file its metadata."""
    from tensorflow.lite.python import schema_py_generated as schema
    from tensorflow.lite.tools import flatbuffer_utils

    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(converted))
    graph = model.subgraphs[0]
    graph.tensors[graph.inputs[0]].name = takes.encode()
    graph.tensors[graph.outputs[0]].name = gives.encode()
    for signature in model.signatureDefs or ():  # files of old converters have none
        signature.inputs[0].name, signature.outputs[0].name = takes.encode(), gives.encode()
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(json.dumps(dict(about)).encode(), np.uint8)
    model.buffers.append(buffer)
    entry = schema.MetadataT()
    entry.name, entry.buffer = KEY.encode(), len(model.buffers) - 1
    model.metadata = [*(model.metadata or []), entry]
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))
