"""Keeps a file's bytes when only the versions of tools in its metadata change.

A file names the tools that made it. If other versions give exactly the same content, the file keeps the versions that made
it first, and so its bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from digit_infer.zoo import FILES, models
from export.metadata import KEY

if TYPE_CHECKING:
    import onnx

    from digit_infer.contract import Format, Precision
    from export.metadata import Origin

_CONVERSION = b"CONVERSION_METADATA"
"""The entry in which TensorFlow's converter names its own version."""


def as_listed(
    origin: Origin,
    model_format: Format,
    precision: Precision,
    content: bytes,
    form: Callable[[bytes], bytes] = bytes,
) -> bytes:
    """Return the listed file if ``content`` differs from it only in the versions of tools; else ``content``.

    The versions are those in a bundled file of the same network and format. A bundled file is compared by its content,
    since a library may lay out the same content in other bytes; of other files the manifest has only the sha256. ``form``
    is the function that made ``content`` from the listed form.
    """
    model = models().get(origin.name)
    if model is None or model.checkpoint.sha256 != origin.sha256:
        return content
    listed = {(file.format, file.precision): file for file in (*model.files, *model.exports)}.get((model_format, precision))
    for file in model.files:
        path = FILES / file.file
        if listed is None or file.format != model_format or not path.exists():
            continue
        first = form(path.read_bytes())
        kept = naming_tools_of(first, content, model_format)
        if file == listed and kept == naming_tools_of(first, first, model_format):
            return first
        if hashlib.sha256(kept).hexdigest() == listed.sha256:
            return kept
    return content


def naming_tools_of(first: bytes, content: bytes, model_format: Format) -> bytes:
    """Return ``content``, naming the versions of tools that ``first`` names; as it is, if they name them in other ways."""
    by_format: dict[Format, Callable[[bytes, bytes], bytes]] = {"onnx": _onnx, "tflite": _tflite}
    try:
        return by_format[model_format](first, content)
    except LookupError:
        return content


def _onnx(first: bytes, content: bytes) -> bytes:
    import onnx

    one, other = onnx.load_from_string(first), onnx.load_from_string(content)
    _tools_in(other).value = _tools_in(one).value
    if one.producer_name == other.producer_name:
        other.producer_version = one.producer_version
    return bytes(other.SerializeToString())


def _tools_in(model: onnx.ModelProto) -> onnx.StringStringEntryProto:
    entries: dict[str, onnx.StringStringEntryProto] = {entry.key: entry for entry in model.metadata_props}
    return entries[f"{KEY}.tools"]


def _tflite(first: bytes, content: bytes) -> bytes:
    import numpy as np
    from tensorflow.lite.tools import flatbuffer_utils

    one, other = (flatbuffer_utils.convert_bytearray_to_object(bytearray(file)) for file in (first, content))
    said, says = (json.loads(bytes(_entry(model, KEY.encode()).data)) for model in (one, other))
    _entry(other, KEY.encode()).data = np.frombuffer(json.dumps(says | {"tools": said["tools"]}).encode(), np.uint8)
    version, made = _conversion(one).environment.tensorflowVersion, _conversion(other)
    if made.environment.tensorflowVersion != version:
        made.environment.tensorflowVersion = version
        _entry(other, _CONVERSION).data = np.frombuffer(_packed(made), np.uint8)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(other))


def _entry(model: Any, name: bytes) -> Any:
    return model.buffers[{entry.name: entry.buffer for entry in model.metadata}[name]]


def _conversion(model: Any) -> Any:
    from tensorflow.lite.python import conversion_metadata_schema_py_generated as schema

    return schema.ConversionMetadataT.InitFromPackedBuf(bytes(_entry(model, _CONVERSION).data), 0)


def _packed(conversion: Any) -> bytes:
    """Serialize an entry as TensorFlow's converter does."""
    import flatbuffers

    builder = flatbuffers.Builder(0)
    builder.Finish(conversion.Pack(builder))
    return bytes(builder.Output())
