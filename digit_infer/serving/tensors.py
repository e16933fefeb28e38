"""Tensors of the Open Inference Protocol: specifications, and numpy arrays from JSON values or raw bytes.

A tensor's shape is checked before its data is read, so a client cannot make the server allocate what it will refuse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from digit_infer.errors import InvalidRequestError, RequestTooLargeError

Datatype = Literal["BOOL", "UINT8", "INT32", "FP32", "BYTES"]
"""The protocol's datatypes that models here use."""

DTYPES: Mapping[str, np.dtype[Any]] = {
    "BOOL": np.dtype(np.bool_),
    "UINT8": np.dtype(np.uint8),
    "INT32": np.dtype("<i4"),
    "FP32": np.dtype("<f4"),
}
"""Little-endian, as raw tensors are."""

Values: TypeAlias = "NDArray[Any] | list[bytes]"
"""An array, or a list of byte strings for BYTES."""

_LENGTH_BYTES = 4
"""Each element of a raw BYTES tensor is prefixed by its length: uint32, little-endian."""


@dataclass(frozen=True)
class TensorSpec:
    """An input or output; ``shape[0]`` is -1, the number of pictures."""

    name: str
    datatype: Datatype
    shape: tuple[int, ...]

    def metadata(self) -> dict[str, Any]:
        """Return the protocol's tensor metadata."""
        return {"name": self.name, "datatype": self.datatype, "shape": list(self.shape)}


@dataclass(frozen=True)
class ModelSpec:
    """A served model's name, inputs and outputs; ``most`` is the pictures allowed per request."""

    name: str
    platform: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    most: int

    def input_named(self, name: object) -> TensorSpec:
        """Return an input by name.

        Raises:
            InvalidRequestError: there is none.
        """
        return _named(self.inputs, name, f"{self.name} has no input")

    def output_named(self, name: object) -> TensorSpec:
        """Return an output by name.

        Raises:
            InvalidRequestError: there is none.
        """
        return _named(self.outputs, name, f"{self.name} has no output")


@dataclass(frozen=True, eq=False)
class Tensor:
    """A request's tensor: values and parameters, such as ``content_type``."""

    values: Values
    parameters: Mapping[str, Any] = field(default_factory=dict)


def _named(specs: tuple[TensorSpec, ...], name: object, problem: str) -> TensorSpec:
    for spec in specs:
        if spec.name == name:
            return spec
    raise InvalidRequestError(f"{problem} {name!r}", f"name {' and '.join(spec.name for spec in specs)}")


def checked_shape(spec: TensorSpec, datatype: object, shape: object, most: int) -> tuple[int, ...]:
    """Check a request's datatype and shape, and return the shape.

    A trailing 1 may be omitted: [N] means [N, 1].

    Raises:
        InvalidRequestError: the datatype or shape differs from the model's.
        RequestTooLargeError: more than ``most`` pictures.
    """
    if datatype != spec.datatype:
        raise InvalidRequestError(f"{spec.name} has datatype {datatype!r}", f"send {spec.datatype}")
    wanted = f"send [N{''.join(f', {size}' for size in spec.shape[1:])}]"
    if not isinstance(shape, Sequence) or not all(type(size) is int and size >= 0 for size in shape):
        raise InvalidRequestError(f"{spec.name} has shape {shape!r:.80}, which is not a list of sizes", wanted)
    sizes = tuple(shape)
    if len(sizes) == 1 and spec.shape[1:] == (1,):
        sizes = (*sizes, 1)
    if len(sizes) != len(spec.shape) or sizes[1:] != spec.shape[1:]:
        raise InvalidRequestError(f"{spec.name} has shape {list(sizes)!s:.80}", wanted)
    if sizes[0] > most:
        raise RequestTooLargeError(f"{spec.name} holds {sizes[0]} pictures", f"send {most} in a request at most")
    return sizes


def from_raw(spec: TensorSpec, shape: tuple[int, ...], raw: memoryview) -> Values:
    """Return the values of raw bytes; an array is a view of ``raw``.

    Raises:
        InvalidRequestError: the number of bytes does not fit the shape.
    """
    if spec.datatype == "BYTES":
        return _elements(spec, prod(shape), raw)
    dtype = DTYPES[spec.datatype]
    needed = prod(shape) * dtype.itemsize
    if len(raw) != needed:
        raise InvalidRequestError(
            f"{spec.name} has {len(raw)} bytes of data, and its shape {list(shape)} needs {needed}",
            "send them all, no more",
        )
    return np.frombuffer(raw, dtype).reshape(shape)


def _elements(spec: TensorSpec, count: int, raw: memoryview) -> list[bytes]:
    elements: list[bytes] = []
    start = 0
    while start < len(raw):
        end = start + _LENGTH_BYTES
        length = int.from_bytes(raw[start:end], "little")
        start = end + length
        if start > len(raw) or len(elements) == count:
            raise InvalidRequestError(
                f"the lengths in {spec.name} do not add up to its {len(raw)} bytes and {count} elements",
                "put each element's length in front of it, as four bytes, little-endian",
            )
        elements.append(bytes(raw[end:start]))
    if len(elements) != count:
        raise InvalidRequestError(f"{spec.name} holds {len(elements)} elements", f"its shape says {count}")
    return elements


def from_values(spec: TensorSpec, shape: tuple[int, ...], data: object) -> Values:
    """Return the values of a JSON list, flat or nested.

    Raises:
        InvalidRequestError: wrong number of values, wrong type, or out of range.
    """
    if not isinstance(data, list | tuple):
        raise InvalidRequestError(f"the data of {spec.name} is not a list", "list its values in row-major order")
    flat = _flat(data, len(shape))
    if len(flat) != prod(shape):
        raise InvalidRequestError(
            f"{spec.name} has {len(flat)} values, and its shape {list(shape)} needs {prod(shape)}", "send them all, no more"
        )
    if spec.datatype == "BYTES":
        return [_encoded(spec, value) for value in flat]
    wrong = set(map(type, flat)) - {int}
    if spec.datatype != "UINT8" or wrong:
        kinds = ", ".join(sorted(kind.__name__ for kind in wrong))
        raise InvalidRequestError(f"{spec.name} holds values that are not integers ({kinds})", "send 0 to 255")
    if flat and (min(flat) < 0 or max(flat) > 255):
        raise InvalidRequestError(f"{spec.name} holds values from {min(flat)} to {max(flat)}"[:120], "send 0 to 255")
    return np.array(flat, np.uint8).reshape(shape)


def _flat(data: Sequence[Any], depth: int) -> list[Any]:
    """Flatten ``depth`` levels of lists; deeper lists remain, and fail the type check."""
    flat = list(data)
    for _ in range(depth - 1):
        if not flat or type(flat[0]) is not list:
            break
        flat = [value for row in flat for value in (row if type(row) is list else [row])]
    return flat


def _encoded(spec: TensorSpec, value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise InvalidRequestError(f"{spec.name} holds a {type(value).__name__}", "send strings")
    try:
        return value.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequestError(
            f"{spec.name} holds a string that is not valid UTF-8 ({error.reason})", "send base64"
        ) from error


def to_raw(values: NDArray[Any]) -> bytes:
    """Return an output's raw bytes."""
    return values.tobytes()
