"""A model in ONNX Runtime, on whichever execution provider: loading it, and what it is behind the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from digit_infer.contract import Contract, check_signature
from digit_infer.errors import DamagedModelError
from digit_infer.runtimes.bound_arrays import answering
from digit_infer.runtimes.onnx_errors import first_line, onnx_errors

if TYPE_CHECKING:
    import onnxruntime

    from digit_infer.runtimes.protocol import ModelFile

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
