"""A model in ONNX Runtime, on whichever execution provider: loading it, and running it where its caller's arrays lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from digit_infer.contract import check_signature
from digit_infer.errors import DamagedModelError, InferenceError

if TYPE_CHECKING:
    import onnxruntime

    from digit_infer.contract import Images, Probabilities
    from digit_infer.runtimes.protocol import ModelFile

_DTYPES = {"float": "float32", "double": "float64"}


class OnnxSession:
    """An ``onnxruntime.InferenceSession`` behind the contract. ``InferenceSession.run`` is thread-safe."""

    def __init__(self, session: onnxruntime.InferenceSession, name: str, threads: int) -> None:
        self._input, output = ends(session, name)
        self._run = session.run
        self._outputs = [output]
        self._provider: str = session.get_providers()[0]
        self._threads = threads

    @property
    def provider(self) -> str:
        """Return the first execution provider of the session, which is the one that runs it."""
        return self._provider

    @property
    def threads(self) -> int | None:
        """Return the intra-op threads."""
        return self._threads

    def probabilities(self, images: Images) -> Probabilities:
        """Answer uint8 [N, 28, 28] by float32 [N, 10]. ONNX Runtime itself copies what is not contiguous."""
        try:
            answer: Probabilities = self._run(self._outputs, {self._input: images})[0]
        except onnx_errors() as error:
            raise InferenceError(
                f"ONNX Runtime failed on {images.shape} ({first_line(error)})", "report this model"
            ) from error
        return answer


def ends(session: onnxruntime.InferenceSession, name: str) -> tuple[str, str]:
    """Return the names of a model's input and output.

    Raises:
        ContractError: they are not those of the contract.
    """
    inputs, outputs = session.get_inputs(), session.get_outputs()
    check_signature(name, *([(_dtype(end.type), end.shape or ()) for end in side] for side in (inputs, outputs)))
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
