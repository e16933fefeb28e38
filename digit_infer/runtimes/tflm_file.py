"""Validates a ``.tflite`` file before TensorFlow Lite Micro loads it.

That library validates nothing: a wrong offset or index in a file ends the process. Its schema in Python raises instead, so
a file is parsed with that first.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from digit_infer.errors import DamagedModelError

_IDENTIFIER = b"TFL3"
_ALIGNMENT = 16
_LARGEST_VARIABLES = 8 * 2**20
"""More memory than a microcontroller has; only a damaged shape needs it."""

_QUANTIZED = ("int8", "uint8", "int16")
_ABSENT = -1
"""The index of an optional input that is absent."""

_PARSE_ERRORS = (struct.error, TypeError, ValueError, IndexError, KeyError, AttributeError, OverflowError, MemoryError)
"""What parsing a damaged file raises."""


@dataclass(frozen=True)
class TfliteFile:
    """A graph at a batch of 1: dynamic sizes count as 1.

    ``inputs`` and ``outputs`` are (dtype, shape); ``operators`` the builtin operators in the order of the graph;
    ``inner_types`` the types of all tensors but the outputs and what a last softmax reads, each with what operators make
    tensors of it; ``scaled`` says whether every tensor of small integers has a scale; ``variable_bytes`` would hold every
    tensor that is no constant, all at once.
    """

    inputs: tuple[tuple[str, tuple[int, ...]], ...]
    outputs: tuple[tuple[str, tuple[int, ...]], ...]
    operators: tuple[str, ...]
    inner_types: Mapping[str, tuple[str, ...]]
    scaled: bool
    variable_bytes: int


def read_tflite(library: Any, name: str, content: bytes) -> TfliteFile:
    """Read a file with ``tflite_micro.runtime``, following every offset and index in it.

    Raises:
        DamagedModelError: it is no TFLite model, or a damaged one.
    """
    if content[4:8] != _IDENTIFIER:
        raise DamagedModelError(f"{name} is no TFLite model", "export it again")
    try:
        return _read(library, library.convert_bytearray_to_object(content))
    except _PARSE_ERRORS as error:
        reason = " ".join(str(error).split())[:160]
        raise DamagedModelError(f"{name} is a damaged TFLite model ({reason})", "export or install it again") from error


def _read(library: Any, model: Any) -> TfliteFile:
    if len(model.subgraphs) != 1:
        raise ValueError(f"it has {len(model.subgraphs)} graphs, not 1")
    graph = model.subgraphs[0]
    types, names = _names(library.schema_fb.TensorType), _names(library.schema_fb.BuiltinOperator)
    tensors = [_tensor(types, tensor, model.buffers) for tensor in graph.tensors]
    operators = []
    for operator in graph.operators:
        code = model.operatorCodes[_within(operator.opcodeIndex, len(model.operatorCodes))]
        operators.append(names[library.get_builtin_code_from_operator_code(code)])
        for index in [*operator.inputs, *operator.outputs]:
            if index != _ABSENT:
                _within(int(index), len(tensors))
    variable_bytes = sum(tensor.bytes for tensor in tensors if not tensor.constant)
    if variable_bytes > _LARGEST_VARIABLES:
        raise ValueError(f"its tensors take {variable_bytes:,} bytes")
    ends = {end: [_within(int(index), len(tensors)) for index in getattr(graph, end)] for end in ("inputs", "outputs")}
    last = {*ends["outputs"], *_read_by_last_softmax(graph, operators, ends["outputs"])}
    return TfliteFile(
        inputs=_signature(tensors, ends["inputs"]),
        outputs=_signature(tensors, ends["outputs"]),
        operators=tuple(operators),
        inner_types={
            tensor.type: _made(graph, operators, [other.type == tensor.type for other in tensors])
            for index, tensor in enumerate(tensors)
            if index not in last
        },
        scaled=all(tensor.scaled for tensor in tensors if tensor.type in _QUANTIZED),
        variable_bytes=variable_bytes,
    )


def _made(graph: Any, operators: Sequence[str], tensors: Sequence[bool]) -> tuple[str, ...]:
    """Return the operators that compute a tensor of these, and do not only change its type."""
    pairs = zip(graph.operators, operators, strict=True)
    names = [name for operator, name in pairs if any(tensors[index] for index in operator.outputs)]
    return tuple(name for name in dict.fromkeys(names) if name not in ("QUANTIZE", "DEQUANTIZE"))


def _read_by_last_softmax(graph: Any, operators: Sequence[str], outputs: Sequence[int]) -> list[int]:
    """Return what a softmax that gives the output reads: ten numbers, which may be floats in a full-integer file."""
    pairs = zip(graph.operators, operators, strict=True)
    return [int(operator.inputs[0]) for operator, name in pairs if name == "SOFTMAX" and operator.outputs[0] in outputs]


def _signature(tensors: Sequence[_Tensor], indices: Sequence[int]) -> tuple[tuple[str, tuple[int, ...]], ...]:
    return tuple((tensors[index].type, tensors[index].shape) for index in indices)


def _names(enumeration: type) -> dict[int, str]:
    return {number: name for name, number in vars(enumeration).items() if isinstance(number, int)}


def _within(index: int, count: int) -> int:
    if not 0 <= index < count:
        raise IndexError(f"it refers to number {index} of {count}")
    return index


@dataclass(frozen=True)
class _Tensor:
    type: str
    shape: tuple[int, ...]
    bytes: int
    constant: bool
    scaled: bool


def _tensor(types: Mapping[int, str], tensor: Any, buffers: Sequence[Any]) -> _Tensor:
    """Read one tensor. A constant must fill its buffer exactly, since kernels read as much as its shape says."""
    shape = tuple(int(size) for size in ([] if tensor.shape is None else tensor.shape))
    if any(size < 1 for size in shape):
        raise ValueError(f"a tensor has the shape {shape}")
    kind = types[tensor.type].lower()
    size = math.prod(shape) * np.dtype(kind).itemsize
    data = buffers[_within(tensor.buffer, len(buffers))].data
    constant = data is not None and len(data) > 0
    if constant and len(data) != size:
        raise ValueError(f"a constant of {size:,} bytes has {len(data):,}")
    return _Tensor(
        kind,
        shape,
        -(-size // _ALIGNMENT) * _ALIGNMENT,
        constant,
        scaled=tensor.quantization is not None and tensor.quantization.scale is not None,
    )
