"""Sessions of ONNX Runtime: loads a model on any execution provider, and runs it on the CPU with little overhead.

``InferenceSession.run`` makes tensors of its arguments and arrays of its outputs at each call. Up to ``LARGEST_BOUND``
images it is faster to copy them into an array that is bound to the session's input, and the outputs out of a bound array;
docs/benchmarks.md has both times for one picture. For more images the copy costs as much as it saves. ``bound_session``
does the same in a device's memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state

from digit_infer.contract import UINT8, Contract, check_signature
from digit_infer.errors import DamagedModelError, InferenceError, first_line_of
from digit_infer.runtimes.adapter import End

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from digit_infer.runtimes.model_file import ModelFile
    from digit_infer.runtimes.protocol import Answers, Pictures

LARGEST_BOUND = 32
"""At twice as many, softmax_regression gains nothing; it has the largest share of copying."""

_DTYPES = {"float": "float32", "double": "float64", "bfloat16": "float32"}


def onnx_errors() -> tuple[type[Exception], ...]:
    """Return the exceptions of ONNX Runtime, which share no base class of their own."""
    found = vars(onnxruntime_pybind11_state).values()
    return tuple(value for value in found if isinstance(value, type) and issubclass(value, Exception))


def device_errors() -> tuple[type[Exception], ...]:
    """Return these exceptions, and those raised where a device, its driver or its libraries fail."""
    return (RuntimeError, *onnx_errors())


class _Bound(NamedTuple):
    """Arrays that are bound to a session's input and output."""

    pictures: Pictures
    answers: Answers
    binding: onnxruntime.IOBinding


def answering(
    session: onnxruntime.InferenceSession, source: str, target: str, contract: Contract
) -> Callable[[Pictures], Answers]:
    """Return the function that runs a session; it is thread-safe, and returns a new array.

    Each number of images has a stack of bound arrays. A call takes one and puts it back, so threads never wait for one
    another. Each thread that ever ran at the same time as others takes at most 0.5 MB for images of digits, or 17 MB for
    pictures with their ink.

    It is a closure, since attribute look-ups with cold caches cost as much as a small layer.
    """
    stacks: dict[tuple[int, ...], list[_Bound]] = {(count, *contract.takes): [] for count in range(1, LARGEST_BOUND + 1)}
    run_bound = session.run_with_iobinding
    # Python's `run` adds a check of names, which were checked at loading, and a fallback, which is switched off. Together
    # they take longer than the rest of this function.
    run = getattr(session, "_sess", session).run
    targets = [target]

    def answers(pictures: Pictures) -> Answers:
        try:
            answer: Answers
            stack = None
            if len(pictures) <= LARGEST_BOUND and pictures.dtype == UINT8:  # copying would cast a dtype that `run` refuses
                stack = stacks.get(pictures.shape)
            if stack is None:
                answer = run(targets, {source: pictures}, None)[0]
                return answer
            try:
                bound = stack.pop()
            except IndexError:  # the first call of this size, or other threads use all
                bound = _bind(session, source, target, len(pictures), contract)
            bound.pictures[...] = pictures
            run_bound(bound.binding)
            answer = bound.answers.copy()
            stack.append(bound)
        except Exception as error:  # its own errors, and a plain RuntimeError where arrays are bound
            raise InferenceError(
                f"ONNX Runtime failed on {pictures.shape} ({first_line_of(error, None)})", "report this model"
            ) from error
        return answer

    return answers


def _bind(session: onnxruntime.InferenceSession, source: str, target: str, count: int, contract: Contract) -> _Bound:
    """Allocate and bind arrays for a number of pictures; on the CPU an ``OrtValue`` shares the memory of its array."""
    value_of = onnxruntime.OrtValue.ortvalue_from_numpy
    pictures, answers = np.empty((count, *contract.takes), np.uint8), np.empty((count, *contract.gives), contract.dtype)
    binding = session.io_binding()
    binding.bind_ortvalue_input(source, value_of(pictures))
    binding.bind_ortvalue_output(target, value_of(answers))
    return _Bound(pictures, answers, binding)


class OnnxSession:
    """An ``onnxruntime.InferenceSession`` on the CPU, which is also ``session``. Calls are thread-safe."""

    def __init__(self, session: onnxruntime.InferenceSession, name: str, threads: int, contract: Contract) -> None:
        source, target = ends(session, name, contract)
        self.session = session
        self.answers = answering(session, source, target, contract)
        self.provider: str = session.get_providers()[0]
        self.threads: int | None = threads


class BareOnnx:
    """An ``onnxruntime.InferenceSession`` as its file has it. Calls are thread-safe."""

    def __init__(self, session: onnxruntime.InferenceSession, threads: int) -> None:
        self.inputs, self.outputs = ([_end(end) for end in side] for side in (session.get_inputs(), session.get_outputs()))
        self.provider: str = session.get_providers()[0]
        self.threads: int | None = threads
        self._session = session

    def run(self, values: NDArray[Any], output: int) -> NDArray[Any]:
        """Return an output; of scikit-learn's dictionaries of probabilities, the values in the order of their keys."""
        answer = self._session.run([self.outputs[output].name], {self.inputs[0].name: values})[0]
        if isinstance(answer, list):
            answer = [[row[key] for key in sorted(row)] for row in answer]
        return np.asarray(answer)


def _end(end: Any) -> End:
    if end.type.startswith("seq(map("):  # of scikit-learn's converter
        return End(end.name, "float32", None)
    shape = tuple(size if isinstance(size, int) and size > 0 else None for size in end.shape or ())
    dtype = _dtype(end.type)
    known = dtype.rstrip("0123456789") in ("float", "uint", "int")
    return End(end.name, dtype if known else "object", shape or None)


def ends(session: onnxruntime.InferenceSession, name: str, contract: Contract) -> tuple[str, str]:
    """Return the names of a model's input and output.

    Raises:
        ContractError: the model does not have the contract's input and output.
    """
    inputs, outputs = session.get_inputs(), session.get_outputs()
    sides = ([(_dtype(end.type), end.shape or ()) for end in side] for side in (inputs, outputs))
    check_signature(name, *sides, contract=contract)
    return inputs[0].name, outputs[0].name


def _dtype(described: str) -> str:
    """Turn ONNX Runtime's ``tensor(float)`` into numpy's ``float32``."""
    inner = described.removeprefix("tensor(").removesuffix(")")
    return _DTYPES.get(inner, inner)


def load(
    file: ModelFile, options: onnxruntime.SessionOptions, providers: list[Any], threads: int
) -> onnxruntime.InferenceSession:
    """Load a model with these providers.

    Raises:
        DamagedModelError: the bytes are no ONNX model.
        Exception: what a provider raises.
    """
    # Other settings keep ONNX Runtime's defaults: in `python -m bench defaults` lower optimization levels are up to twice
    # as slow, and the arena, the memory pattern and parallel execution change at most 3 %. Two threads halve the time of
    # most networks, but occupy a second core by spinning; without spinning, small networks are half as slow again.
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # errors are raised as well, so the log would repeat them
    errors = onnx_errors()
    damage = tuple(
        error for error in errors if error.__name__ in ("InvalidProtobuf", "InvalidGraph", "InvalidArgument", "NoModel")
    )
    try:  # the fallback would print the error and try again on the CPU
        return onnxruntime.InferenceSession(file.path, options, providers=providers, enable_fallback=False)
    except damage as error:
        raise DamagedModelError(
            f"{file.path} is no ONNX model ({first_line_of(error, None)})", "export or install it again"
        ) from error
