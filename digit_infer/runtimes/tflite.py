"""LiteRT, formerly TensorFlow Lite: ``ai-edge-litert``, or ``tflite-runtime`` where only that is installed.

An interpreter owns its input and output tensors, so it runs one call at a time; ``invoke`` releases Python's global lock.
So calls at the same time use several interpreters, at most one per processor.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from digit_infer.contract import PRECISIONS, Contract, Format, Precision, check_signature
from digit_infer.errors import DamagedModelError, InferenceError, RuntimeUnavailableError, UsageError
from digit_infer.parallel import usable_cpus
from digit_infer.parallel.interrupts import importing
from digit_infer.runtimes.adapter import End
from digit_infer.runtimes.model_file import ModelFile
from digit_infer.runtimes.protocol import Availability, Runtime, RuntimeName, installed_version

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from digit_infer.runtimes.protocol import Answers, Pictures

    Answer = Callable[[Pictures], Answers]


_MAKING = threading.Lock()
"""Held while a process is forked: else another thread may hold a lock inside the runtime, and the child waits for ever."""

if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(before=_MAKING.acquire, after_in_parent=_MAKING.release, after_in_child=_MAKING.release)


def answering(first: Any, another: Callable[[], Any] | None, package: str, contract: Contract) -> Answer:
    """Return the function that runs a model; it is thread-safe.

    Args:
        first: an interpreter with allocated tensors.
        another: makes one more interpreter of the model, when the others are busy; None lets the call wait.
        package: the package's name, for messages.
        contract: the model's contract.
    """
    interpreters = [(threading.Lock(), _asking(first, contract))]
    growing = threading.Lock()
    turns = count(1)
    most = 1 if another is None else usable_cpus()

    def when_all_are_busy(pictures: Pictures) -> Answers:
        """Use a new interpreter if there may be one more, else wait for one."""
        with growing:
            if another is not None and len(interpreters) < most:
                interpreters.append((threading.Lock(), _asking(another(), contract)))
        lock, ask = interpreters[next(turns) % len(interpreters)]
        with lock:
            return ask(pictures)

    def answers(pictures: Pictures) -> Answers:
        try:
            for lock, ask in interpreters:  # the first free one: its weights are most likely cached
                if lock.acquire(blocking=False):
                    try:
                        return ask(pictures)
                    finally:
                        lock.release()
            return when_all_are_busy(pictures)
        except Exception as error:  # ValueError and RuntimeError, and what a damaged model brings
            raise InferenceError(f"{package} failed on {pictures.shape} ({error})", "report this model") from error

    return answers


def _asking(interpreter: Any, contract: Contract) -> Answer:
    """Return the function that runs one interpreter, for one thread at a time.

    It is a closure, since attribute look-ups with cold caches cost as much as a small layer.
    """
    set_tensor, invoke, get_tensor = interpreter.set_tensor, interpreter.invoke, interpreter.get_tensor
    given = interpreter.get_input_details()[0]
    source, target = given["index"], interpreter.get_output_details()[0]["index"]
    planned = int(given["shape"][0])

    def ask(pictures: Pictures) -> Answers:
        """Run the model. If N differs from the last call, the tensors are allocated again."""
        nonlocal planned
        count = len(pictures)
        if count != planned:
            if count == 0:
                return np.empty((0, *contract.gives), contract.dtype)
            with _MAKING:
                interpreter.resize_tensor_input(source, (count, *contract.takes))
                interpreter.allocate_tensors()
            planned = count
        set_tensor(source, pictures)
        invoke()
        answer: Answers = get_tensor(target)
        return answer

    return ask


class Tflite:
    """Runs ``.tflite`` files, with the XNNPACK delegate of both packages."""

    name: RuntimeName = "tflite"
    format: Format | None = "tflite"
    precisions: tuple[Precision, ...] = PRECISIONS
    marks_ink = True

    def availability(self) -> Availability:
        """Return which of the two packages works."""
        try:
            package, _ = _interpreter_class()
        except RuntimeUnavailableError as error:
            return Availability(None, error.advice)
        return Availability(package)

    def open(self, file: ModelFile | None, threads: int | None) -> TfliteSession:
        """Load a ``.tflite`` file."""
        if file is None:
            raise UsageError("tflite needs a model file", "name a model")
        package, first, make = self._loaded(file, threads)
        return TfliteSession(first, str(file.path), package, threads or 1, file.contract, make)

    def bare(self, file: ModelFile, threads: int | None) -> BareTflite:
        """Load a ``.tflite`` file as it is."""
        package, interpreter, _ = self._loaded(file, threads)
        return BareTflite(interpreter, package, threads or 1)

    def _loaded(self, file: ModelFile, threads: int | None) -> tuple[str, Any, Callable[[], Any]]:
        """Return the package, an interpreter with its tensors, and what makes another one."""
        package, interpreter_class = _interpreter_class()
        content = file.path.read_bytes()  # LiteRT verifies bytes; a damaged file opened by its path can end the process

        def make() -> Any:
            with _MAKING:
                interpreter = interpreter_class(model_content=content, num_threads=threads or 1)
                interpreter.allocate_tensors()
            return interpreter

        try:
            first = make()
            first.get_input_details(), first.get_output_details()
        except Exception as error:  # ValueError and RuntimeError, and UnicodeDecodeError of a damaged name
            raise DamagedModelError(
                f"{file.path} is no model that {package} can load ({' '.join(str(error).split())[:160]})",
                "export or install it again",
            ) from error
        return package, first, make


class TfliteSession:
    """A model in LiteRT: one ``interpreter``, or more by ``another`` for threads at the same time."""

    def __init__(
        self,
        interpreter: Any,
        name: str,
        package: str,
        threads: int,
        contract: Contract,
        another: Callable[[], Any] | None = None,
    ) -> None:
        inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
        check_signature(
            name,
            *([(np.dtype(end["dtype"]).name, end["shape_signature"]) for end in ends] for ends in (inputs, outputs)),
            contract=contract,
        )
        self.interpreter = interpreter
        self.provider = package
        self.threads: int | None = threads
        self.answers = answering(interpreter, another, package, contract)


class BareTflite:
    """A model in LiteRT as its file has it. Threads take turns."""

    def __init__(self, interpreter: Any, package: str, threads: int) -> None:
        self.inputs = [_end(end) for end in interpreter.get_input_details()]
        self.outputs = [_end(end) for end in interpreter.get_output_details()]
        self.provider = package
        self.threads: int | None = threads
        self._interpreter, self._lock = interpreter, threading.Lock()
        self._shape = tuple(interpreter.get_input_details()[0]["shape"])

    def run(self, values: NDArray[Any], output: int) -> NDArray[Any]:
        """Return an output; the tensors are allocated again if the shape differs from the last one's."""
        interpreter = self._interpreter
        source, target = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[output]["index"]
        with self._lock:
            if values.shape != self._shape:
                with _MAKING:
                    interpreter.resize_tensor_input(source, values.shape)
                    interpreter.allocate_tensors()
                self._shape = values.shape
            interpreter.set_tensor(source, values)
            interpreter.invoke()
            answer: NDArray[Any] = interpreter.get_tensor(target)
        return answer


def _end(end: Any) -> End:
    scale, zero_point = end["quantization"]
    shape = tuple(int(size) if size > 0 else None for size in end["shape_signature"])
    return End(end["name"], np.dtype(end["dtype"]).name, shape or None, float(scale), int(zero_point))


def _interpreter_class() -> tuple[str, Any]:
    """Return the package with its version, and its ``Interpreter``.

    Raises:
        RuntimeUnavailableError: neither package works; the advice is the reason.
    """
    reasons = []
    if (version := installed_version("ai-edge-litert")) is not None:
        try:
            with importing():
                from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            reasons.append(f"ai-edge-litert {version} does not import ({error})")
        else:
            return f"ai-edge-litert {version}", Interpreter
    if (version := installed_version("tflite-runtime")) is not None:
        if int(np.__version__.partition(".")[0]) >= 2:
            reasons.append(f"tflite-runtime {version} needs numpy 1, not {np.__version__}: pip install digit-infer[tflite]")
        else:
            from tflite_runtime.interpreter import Interpreter as LegacyInterpreter

            return f"tflite-runtime {version}", LegacyInterpreter
    advice = "; ".join(reasons) or "not installed: pip install digit-infer[tflite]"
    raise RuntimeUnavailableError("the runtime tflite is not available", advice)


RUNTIME: Runtime = Tflite()
