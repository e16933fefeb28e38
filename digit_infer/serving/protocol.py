"""Request and response bodies of the Open Inference Protocol v2 over REST.

A body is JSON, optionally followed by raw tensors; the header ``Inference-Header-Content-Length`` then gives the length of
the JSON. Each tensor is JSON or raw.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from digit_infer.errors import InvalidRequestError, RequestTooLargeError, UnknownModelError, UnsupportedError
from digit_infer.serving.tensors import ModelSpec, Tensor, checked_shape, from_raw, from_values, to_raw

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Outputs = Mapping[str, NDArray[Any]]
    """Output arrays by name."""

HEADER_LENGTH = "Inference-Header-Content-Length"
VERSION = "1"
"""The only version of every model."""

_encode = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode  # created once; json.dumps creates one per call
_decode = json.JSONDecoder().decode
ENCODINGS = {"gzip": 31, "deflate": 47}
"""Compressions of a request, with ``wbits`` of zlib; 47 detects zlib or gzip."""


@dataclass(frozen=True)
class WantedOutput:
    """A requested output, and whether to send it raw."""

    name: str
    raw: bool


@dataclass(frozen=True, eq=False)
class InferRequest:
    """A validated request: inputs by name, and requested outputs in order."""

    id: str
    inputs: Mapping[str, Tensor]
    wanted: tuple[WantedOutput, ...]


def check_version(model: str, version: str) -> None:
    """Check the version; an empty one is accepted.

    Raises:
        UnknownModelError: there is no such version.
    """
    if version not in ("", VERSION):
        raise UnknownModelError(f"{model} has no version {version[:40]!r}", f"its only version is {VERSION}")


def inflated(body: bytes, encoding: str, most: int) -> bytes:
    """Return a decompressed body.

    Raises:
        UnsupportedError: the encoding is unknown.
        InvalidRequestError: the bytes are damaged.
        RequestTooLargeError: it decompresses to more than ``most`` bytes.
    """
    if encoding not in ENCODINGS:
        raise UnsupportedError(f"the content encoding {encoding[:40]!r} is unknown", "send gzip, deflate or neither")
    reader = zlib.decompressobj(ENCODINGS[encoding])
    try:
        content = reader.decompress(body, most + 1)
    except zlib.error as error:
        raise InvalidRequestError(f"the body is not valid {encoding} ({error})", "compress it again") from error
    if len(content) > most:
        raise RequestTooLargeError(f"the body holds more than {most} bytes", "send less in a request")
    if not reader.eof:
        raise InvalidRequestError(f"the {encoding} body ends early", "send all of it")
    return content


def read_request(body: bytes, header_length: str | None, model: ModelSpec) -> InferRequest:
    """Read and validate a request body.

    Raises:
        InvalidRequestError: it violates the protocol, or does not fit the model.
        RequestTooLargeError: it has more pictures than allowed.
    """
    split = len(body) if header_length is None else _split(header_length, len(body))
    document = _json(body[:split])
    raw = memoryview(body)[split:]
    parameters = _parameters(document, "the request")
    inputs: dict[str, Tensor] = {}
    for entry in _entries(document, "inputs"):
        tensor, raw = _input(entry, raw, model, parameters)
        if entry["name"] in inputs:
            raise InvalidRequestError(f"{entry['name']} appears twice in the request", "send each input once")
        inputs[entry["name"]] = tensor
    if len(raw):
        raise InvalidRequestError(f"{len(raw)} bytes follow the last tensor", "set binary_data_size of each raw tensor")
    check_complete(model, inputs)
    request_id = document.get("id", "")
    if not isinstance(request_id, str):
        raise InvalidRequestError("the id is not a string", "send a string, or none")
    return InferRequest(request_id, inputs, _wanted(document, model, parameters))


def check_complete(model: ModelSpec, inputs: Mapping[str, Tensor]) -> None:
    """Check that all inputs are there.

    Raises:
        InvalidRequestError: one is missing.
    """
    missing = [spec.name for spec in model.inputs if spec.name not in inputs]
    if missing:
        raise InvalidRequestError(f"the request lacks the input {missing[0]}", f"{model.name} needs it")


def write_response(model: ModelSpec, request: InferRequest, outputs: Outputs) -> tuple[bytes, int | None]:
    """Return the body of a response, and the length of its JSON if raw tensors follow, else None."""
    entries: list[dict[str, Any]] = []
    parts = [b""]
    for wanted in request.wanted:
        values = outputs[wanted.name]
        entry: dict[str, Any] = model.output_named(wanted.name).metadata() | {"shape": list(values.shape)}
        if wanted.raw:
            parts.append(to_raw(values))
            entry["parameters"] = {"binary_data_size": len(parts[-1])}
        else:
            entry["data"] = values.ravel().tolist()
        entries.append(entry)
    document: dict[str, Any] = {"model_name": model.name, "model_version": VERSION, "outputs": entries}
    if request.id:
        document["id"] = request.id
    parts[0] = _encode(document).encode()
    return b"".join(parts), len(parts[0]) if len(parts) > 1 else None


def _split(header_length: str, length: int) -> int:
    if not (header_length.isascii() and header_length.isdigit() and int(header_length[:20]) <= length):
        raise InvalidRequestError(
            f"{HEADER_LENGTH} is {header_length[:40]!r}, and the body has {length} bytes",
            "set it to the length of the JSON",
        )
    return int(header_length)


def _json(content: bytes) -> dict[str, Any]:
    try:
        document = _decode(content.decode())
    except (ValueError, RecursionError) as error:  # includes JSONDecodeError and UnicodeDecodeError
        raise InvalidRequestError(f"the body is not JSON ({error})"[:200], "see the Open Inference Protocol v2") from error
    if not isinstance(document, dict):
        raise InvalidRequestError("the body is not a JSON object", "see the Open Inference Protocol v2")
    return document


def _entries(document: Mapping[str, Any], name: str) -> Sequence[dict[str, Any]]:
    entries = document.get(name)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InvalidRequestError(f"the request has no list of {name}", "see the Open Inference Protocol v2")
    return entries


def _parameters(holder: Mapping[str, Any], what: str) -> Mapping[str, Any]:
    parameters = holder.get("parameters", {})
    if not isinstance(parameters, dict):
        raise InvalidRequestError(f"the parameters of {what} are not an object", "send an object, or none")
    return parameters


def _input(
    entry: Mapping[str, Any], raw: memoryview, model: ModelSpec, shared: Mapping[str, Any]
) -> tuple[Tensor, memoryview]:
    """Return an input, and the raw bytes after it."""
    spec = model.input_named(entry.get("name"))
    shape = checked_shape(spec, entry.get("datatype"), entry.get("shape"), model.most)
    parameters = {**shared, **_parameters(entry, spec.name)}
    if "shared_memory_region" in parameters:
        raise InvalidRequestError("shared memory is not supported", "send the data")
    size = parameters.get("binary_data_size")
    if size is None:
        if "data" not in entry:
            raise InvalidRequestError(f"{spec.name} has no data", "send data, or set its binary_data_size")
        return Tensor(from_values(spec, shape, entry["data"]), parameters), raw
    if "data" in entry:
        raise InvalidRequestError(f"{spec.name} has both data and a binary_data_size", "send one of them")
    if type(size) is not int or not 0 <= size <= len(raw):
        raise InvalidRequestError(
            f"the binary_data_size of {spec.name} is {size!r:.40}, and {len(raw)} bytes are left",
            f"send them all, and where the JSON ends in {HEADER_LENGTH}",
        )
    return Tensor(from_raw(spec, shape, raw[:size]), parameters), raw[size:]


def _wanted(document: Mapping[str, Any], model: ModelSpec, shared: Mapping[str, Any]) -> tuple[WantedOutput, ...]:
    raw = _flag(shared, "binary_data_output", default=False)
    if not document.get("outputs"):
        return tuple(WantedOutput(spec.name, raw) for spec in model.outputs)
    wanted = []
    for entry in _entries(document, "outputs"):
        spec = model.output_named(entry.get("name"))
        parameters = _parameters(entry, spec.name)
        if "shared_memory_region" in parameters or "classification" in parameters:
            raise InvalidRequestError("shared memory and classification are not supported", "leave it out")
        wanted.append(WantedOutput(spec.name, _flag(parameters, "binary_data", default=raw)))
    return tuple(wanted)


def _flag(parameters: Mapping[str, Any], name: str, *, default: bool) -> bool:
    value = parameters.get(name, default)
    if not isinstance(value, bool):
        raise InvalidRequestError(f"{name} is {value!r:.40}", "send true or false")
    return value
