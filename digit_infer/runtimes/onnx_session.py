"""A model in ONNX Runtime, on whichever execution provider: loading it, and what it is behind the contract.

What ONNX Runtime raises, and what of it a user should read.

A model in ONNX Runtime on the CPU, called with as little around it as Python allows.

``InferenceSession.run`` makes tensors of its arguments and arrays of its answers at each call. Up to ``LARGEST_BOUND``
images it is cheaper to copy them into an array that the session reads where it lies, and the answer out of one that it
writes; docs/benchmarks.md has both for one picture. Above, copying the images costs as much as it saves. It is the idea of
``bound_session``, without a device's memory, its one lock and its captured graphs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from digit_infer.contract import UINT8, Contract, check_signature
from digit_infer.errors import DamagedModelError, InferenceError

if TYPE_CHECKING:
    from collections.abc import Callable

    import onnxruntime

    from digit_infer.runtimes.model_file import ModelFile
    from digit_infer.runtimes.protocol import Answers, Pictures


def onnx_errors() -> tuple[type[Exception], ...]:
    """Return the exceptions of ONNX Runtime, which share no base class of their own."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    return tuple(value for value in vars(state).values() if isinstance(value, type) and issubclass(value, Exception))


def device_errors() -> tuple[type[Exception], ...]:
    """Return those, and what it raises where a device, its driver or its libraries fail."""
    return (RuntimeError, *onnx_errors())


def first_line(error: BaseException) -> str:
    """Return the part of an error that fits into one of ours."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


LARGEST_BOUND = 32
"""At twice as many nothing is left of the gain on softmax_regression, where copying weighs most."""


class _Bound(NamedTuple):
    """Arrays that a session reads and writes where they lie."""

    pictures: Pictures
    answers: Answers
    binding: onnxruntime.IOBinding


def answering(
    session: onnxruntime.InferenceSession, source: str, target: str, contract: Contract
) -> Callable[[Pictures], Answers]:
    """Return the call that answers what a contract takes by what it gives, an array of its own; threads may share it.

    Each number of images has a stack of bound arrays, from which a call takes one and lays it back: threads never wait for
    one another, and memory is at most 0.5 MB of images of digits, or 17 MB of pictures with their ink, for each thread that
    ever called at the same time as others.

    The call is a closure since it runs with cold caches, where each attribute that it would look up costs as much as a
    small layer.
    """
    stacks: dict[tuple[int, ...], list[_Bound]] = {(count, *contract.takes): [] for count in range(1, LARGEST_BOUND + 1)}
    run_bound = session.run_with_iobinding
    # What Python's `run` does around this is to check names that were checked when the model was loaded, and a fallback
    # that is switched off: together more than all of ours that is left around a large batch.
    run = getattr(session, "_sess", session).run
    targets = [target]

    def answers(pictures: Pictures) -> Answers:
        try:
            answer: Answers
            stack = None
            if len(pictures) <= LARGEST_BOUND and pictures.dtype == UINT8:  # a copy would cast what `run` refuses
                stack = stacks.get(pictures.shape)
            if stack is None:
                answer = run(targets, {source: pictures}, None)[0]
                return answer
            try:
                bound = stack.pop()
            except IndexError:  # the first call with this number, or other threads have them all
                bound = _bind(session, source, target, len(pictures), contract)
            bound.pictures[...] = pictures
            run_bound(bound.binding)
            answer = bound.answers.copy()
            stack.append(bound)
        except onnx_errors() as error:
            raise InferenceError(
                f"ONNX Runtime failed on {pictures.shape} ({first_line(error)})", "report this model"
            ) from error
        return answer

    return answers


def _bind(session: onnxruntime.InferenceSession, source: str, target: str, count: int, contract: Contract) -> _Bound:
    """Allocate arrays for a number of pictures; on the CPU an ``OrtValue`` of an array shares its memory."""
    import onnxruntime

    value_of = onnxruntime.OrtValue.ortvalue_from_numpy
    pictures, answers = np.empty((count, *contract.takes), np.uint8), np.empty((count, *contract.gives), contract.dtype)
    binding = session.io_binding()
    binding.bind_ortvalue_input(source, value_of(pictures))
    binding.bind_ortvalue_output(target, value_of(answers))
    return _Bound(pictures, answers, binding)


_DTYPES = {"float": "float32", "double": "float64"}


class OnnxSession:
    """An ``onnxruntime.InferenceSession`` on the CPU behind the contract, and as ``session``. Calls are thread-safe."""

    def __init__(self, session: onnxruntime.InferenceSession, name: str, threads: int, contract: Contract) -> None:
        source, target = ends(session, name, contract)
        self.session = session
        self.answers = answering(session, source, target, contract)
        self.provider: str = session.get_providers()[0]
        self.threads: int | None = threads


def ends(session: onnxruntime.InferenceSession, name: str, contract: Contract) -> tuple[str, str]:
    """Return the names of a model's input and output.

    Raises:
        ContractError: they are not those of its contract.
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
    """
    import onnxruntime

    # Everything else stays as ONNX Runtime sets it: `python -m bench defaults` finds lower graph levels up to twice as
    # slow, and at most 3 % in the arena, the memory pattern and parallel execution. Two threads halve the time of most
    # networks, but spin on a core that another caller may need, and without spinning cost small ones half as much again:
    # so a user asks.
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what goes wrong is raised, so the log would say it twice
    errors = onnx_errors()
    damage = tuple(
        error for error in errors if error.__name__ in ("InvalidProtobuf", "InvalidGraph", "InvalidArgument", "NoModel")
    )
    try:  # without the fallback, by which ONNX Runtime's Python prints what went wrong and tries again on the CPU
        return onnxruntime.InferenceSession(file.path, options, providers=providers, enable_fallback=False)
    except damage as error:
        raise DamagedModelError(
            f"{file.path} is no ONNX model ({first_line(error)})", "export or install it again"
        ) from error
