"""TensorFlow Lite Micro, the runtime of microcontrollers, on this machine: ``tflite-micro`` with its reference kernels.

It shows what a full-integer file will answer on a device, not how fast: devices have optimized kernels.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from digit_infer.contract import DIGITS, UINT8, Contract, Format, Precision, check_signature
from digit_infer.errors import DamagedModelError, InferenceError, RuntimeUnavailableError, UsageError
from digit_infer.parallel.interrupts import importing
from digit_infer.runtimes.model_file import ModelFile, verify
from digit_infer.runtimes.protocol import Availability, Runtime, RuntimeName, installed_version
from digit_infer.runtimes.tflm_file import TfliteFile, read_tflite

if TYPE_CHECKING:
    from collections.abc import Callable

    from digit_infer.runtimes.protocol import Answers, Pictures

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
        verify(file)  # before it is loaded: see tflm_file
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
