"""What another version of a tool makes alike is the same file, and what it makes otherwise is not."""

import json
from types import SimpleNamespace

import numpy as np
import onnx
import pytest

from digit_infer import zoo
from export.tools import as_listed, naming_tools_of

NAMES = ("softmax_regression", "digitnet_nano")
OTHERS = "digit_infer 9.9.0, keras 99.15.1, tensorflow-cpu 2.21.99, some-tool 1.0"


def origin_of(name):
    return SimpleNamespace(name=name, sha256=zoo.model_named(name).checkpoint.sha256)


def files(model_format):
    return [(name, file) for name in NAMES for file in zoo.model_named(name).files if file.format == model_format]


def by_others(content, model_format):
    """Return a file of the wheel as other versions of every tool would have written it."""
    return (onnx_by_others if model_format == "onnx" else tflite_by_others)(content)


def onnx_by_others(content):
    model = onnx.load_from_string(content)
    next(entry for entry in model.metadata_props if entry.key == "digit_infer.tools").value = OTHERS
    model.producer_version = "99.0 abcdef"
    return model.SerializeToString()


def tflite_by_others(content):
    from tensorflow.lite.python import conversion_metadata_schema_py_generated as schema
    from tensorflow.lite.python.util import populate_conversion_metadata
    from tensorflow.lite.tools import flatbuffer_utils

    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
    buffers = {entry.name: model.buffers[entry.buffer] for entry in model.metadata}
    said = json.loads(bytes(buffers[b"digit_infer"].data))
    buffers[b"digit_infer"].data = np.frombuffer(json.dumps(said | {"tools": OTHERS}).encode(), np.uint8)
    conversion = schema.ConversionMetadataT.InitFromPackedBuf(bytes(buffers[b"CONVERSION_METADATA"].data), 0)
    conversion.environment.tensorflowVersion = b"2.21.99"
    return bytes(flatbuffer_utils.convert_object_to_bytearray(populate_conversion_metadata(model, conversion)))


def with_another_weight(content, model_format):
    """Return a file with the last bit of one weight turned over."""
    if model_format == "onnx":
        model = onnx.load_from_string(content)
        weights = max(model.graph.initializer, key=lambda tensor: len(tensor.raw_data))
        weights.raw_data = bytes([weights.raw_data[0] ^ 1]) + weights.raw_data[1:]
        return model.SerializeToString()
    from tensorflow.lite.tools import flatbuffer_utils

    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
    weights = max((buffer for buffer in model.buffers if buffer.data is not None), key=lambda buffer: len(buffer.data))
    weights.data = np.concatenate([weights.data[:1] ^ 1, weights.data[1:]])
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


@pytest.mark.parametrize(("name", "file"), [*files("onnx"), *files("tflite")], ids=lambda part: getattr(part, "file", part))
def test_a_file_of_the_zoo_keeps_its_bytes_whatever_versions_make_it_again(name, file):
    content = (zoo.FILES / file.file).read_bytes()
    made = by_others(content, file.format)
    assert made != content
    assert as_listed(origin_of(name), file.format, file.precision, made) == content


@pytest.mark.parametrize(("name", "file"), [files("onnx")[0], files("tflite")[0]], ids=["onnx", "tflite"])
def test_another_weight_or_checkpoint_is_another_file(name, file):
    content = (zoo.FILES / file.file).read_bytes()
    other = by_others(with_another_weight(content, file.format), file.format)
    assert as_listed(origin_of(name), file.format, file.precision, other) == other
    made = by_others(content, file.format)
    assert as_listed(origin_of("lenet"), file.format, file.precision, made) == made
    assert as_listed(origin_of(name), file.format, "float16", made) == made


def test_a_file_that_names_no_tools_stays_as_it_is():
    content = (zoo.FILES / files("onnx")[0][1].file).read_bytes()
    model = onnx.load_from_string(content)
    del model.metadata_props[:]
    nameless = model.SerializeToString()
    assert naming_tools_of(content, nameless, "onnx") == nameless
