"""TensorFlow Lite Micro, the runtime of microcontrollers, on this machine: ``tflite-micro`` with its reference kernels.

It shows what a full-integer file will answer on a device, not how fast: devices have optimized kernels. That library
validates nothing: a wrong offset or index in a file ends the process. Its schema in Python raises instead, so a file is
parsed with that first.
"""

from __future__ import annotations

import math
import struct
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from digit_infer.contract import DIGITS, UINT8, Contract, Format, Precision, check_signature
from digit_infer.errors import DamagedModelError, InferenceError, RuntimeUnavailableError, UsageError
from digit_infer.parallel.interrupts import importing
from digit_infer.runtimes.model_file import ModelFile, verify
from digit_infer.runtimes.protocol import Availability, Runtime, RuntimeName, installed_version

if TYPE_CHECKING:
    from collections.abc import Callable

    from digit_infer.runtimes.protocol import Answers, Pictures

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


_FIXED_ARENA_BYTES = 65_536


class Tflm:
    """Runs full-integer ``.tflite`` files, one picture at a time on one thread."""

    name: RuntimeName = "tflm"
    format: Format | None = "tflite"
    precisions: tuple[Precision, ...] = ("int8",)
    marks_ink = False
    """On the ink network's file, tflite-micro differs from LiteRT by up to 200 of 255."""

    def availability(self) -> Availability:
        """Return the version of tflite-micro."""
        try:
            package, _ = library()
        except RuntimeUnavailableError as error:
            return Availability(None, error.advice)
        return Availability(package)

    def open(self, file: ModelFile | None, threads: int | None) -> TflmSession:
        """Load a full-integer ``.tflite`` file, with a dynamic batch or a batch of 1."""
        if file is None:
            raise UsageError("tflm needs a model file", "name a model")
        if threads not in (None, 1):
            raise UsageError(f"tflm runs on one thread, not {threads}", "leave the number of threads out")
        package, _ = library()
        verify(file)  # before it is loaded: it validates nothing
        content = file.path.read_bytes()
        found = full_integer(str(file.path), content, file.contract)
        try:
            interpreter = interpreter_of(content, ample_arena(found, content), file.contract)
        except Exception as error:  # ValueError and RuntimeError, and what a damaged model brings
            raise DamagedModelError(
                f"{file.path} cannot be run by {package} ({error}; its operators are {', '.join(found.operators)})",
                "export it again, from layers that TensorFlow Lite Micro has",
            ) from error
        return TflmSession(interpreter, package, file.contract)


class TflmSession:
    """An interpreter of TensorFlow Lite Micro."""

    threads: int | None = 1

    def __init__(self, interpreter: Any, package: str, contract: Contract) -> None:
        self.provider = package
        self.answers = _call(interpreter, package, contract)


def full_integer(name: str, content: bytes, contract: Contract = DIGITS) -> TfliteFile:
    """Read a ``.tflite`` file that has a contract's input and output at a batch of 1 and computes only in integers.

    Raises:
        RuntimeUnavailableError: ``tflite-micro`` does not work here.
        DamagedModelError: it is no TFLite model, or a damaged one.
        ContractError: the model's inputs and outputs are not those of the contract.
        UsageError: it computes in floats.
    """
    _, runtime = library()
    found = read_tflite(runtime, name, content)
    check_signature(name, found.inputs, found.outputs, contract=contract, batch=1)
    floats = {kind: made for kind, made in sorted(found.inner_types.items()) if "float" in kind}
    if floats:
        operators = ", ".join(dict.fromkeys(name for made in floats.values() for name in made if name != "SOFTMAX"))
        raise UsageError(
            f"tflm runs full-integer files, and {name} computes in {' and '.join(floats)}: {operators or 'its input'}",
            "replace the layers of those operators by others; python -m export NAME --microcontroller makes such files",
        )
    if not found.scaled:
        raise DamagedModelError(f"{name} has integers without a scale", "export it again")
    return found


def interpreter_of(content: bytes, arena_bytes: int, contract: Contract = DIGITS) -> Any:
    """Load a file that ``full_integer`` has read into an arena of this size, and run it once on a blank picture.

    Some kernels check their types only when they run. In an arena that is too small the library may end the process instead
    of raising: use an ample arena, or a process of its own.

    Raises:
        RuntimeError, ValueError: the arena is too small, or an operator is missing or runs on other types.
    """
    _, runtime = library()
    interpreter = runtime.Interpreter.from_bytes(content, arena_size=arena_bytes)
    interpreter.set_input(np.zeros((1, *contract.takes), UINT8), 0)
    interpreter.invoke()
    return interpreter


def ample_arena(found: TfliteFile, content: bytes) -> int:
    """Return a size in bytes that is more than enough: all tensors at once, and the kernels' scales of weights."""
    return found.variable_bytes + len(content) + _FIXED_ARENA_BYTES


def _call(interpreter: Any, package: str, contract: Contract) -> Callable[[Pictures], Answers]:
    """Return the function that runs the interpreter. Threads take turns, since the interpreter owns its tensors."""
    lock = threading.Lock()
    set_input, invoke, get_output = interpreter.set_input, interpreter.invoke, interpreter.get_output

    def answers(pictures: Pictures) -> Answers:
        """Return the outputs of the contract for its inputs, computed picture by picture."""
        found = np.empty((len(pictures), *contract.gives), contract.dtype)
        with lock:
            try:
                for index in range(len(pictures)):
                    set_input(pictures[index : index + 1], 0)
                    invoke()
                    found[index] = get_output(0)
            except Exception as error:  # ValueError and RuntimeError, and what a damaged model brings
                raise InferenceError(f"{package} failed on {pictures.shape} ({error})", "report this model") from error
        return found

    return answers


def library() -> tuple[str, Any]:
    """Return ``tflite-micro`` with its version, and its module ``runtime``.

    Raises:
        RuntimeUnavailableError: it is not installed, or does not import; the advice is the reason.
    """
    version = installed_version("tflite-micro")
    problem = "the runtime tflm is not available"
    if version is None:
        raise RuntimeUnavailableError(problem, "not installed: pip install digit-infer[tflm] (Linux on x86-64)")
    try:
        with importing():
            from tflite_micro import runtime
    except ImportError as error:
        raise RuntimeUnavailableError(problem, f"tflite-micro {version} does not import ({error})") from error
    return f"tflite-micro {version}", runtime


RUNTIME: Runtime = Tflm()
