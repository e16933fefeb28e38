"""The protocols of runtimes and their sessions, and ``null``, which keeps them without a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args, runtime_checkable

import numpy as np

from digit_infer.contract import CLASSES, PRECISIONS, Format, Precision

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from digit_infer.runtimes.adapter import Bare
    from digit_infer.runtimes.model_file import ModelFile

    Pictures = NDArray[np.uint8]
    """uint8 [N, *takes] of a contract: images of digits, or grey pictures"""

    Answers = NDArray[Any]
    """[N, *gives] of a contract: probabilities float32 [N, 10], or ink uint8 [N, 128, 128]"""

RuntimeName = Literal[
    "onnx-cpu",
    "onnx-gpu",
    "onnx-gpu-graph",
    "onnx-tensorrt",
    "tflite",
    "tflm",
    "keras",
    "browser-onnx",
    "browser-tflite",
    "null",
]
RUNTIME_NAMES: tuple[RuntimeName, ...] = get_args(RuntimeName)


@dataclass(frozen=True)
class Availability:
    """Whether a runtime works on this machine: its version, or the reason why it does not."""

    version: str | None
    reason: str | None = None

    @property
    def available(self) -> bool:
        """Whether it works."""
        return self.reason is None


class Session(Protocol):
    """A model loaded on a runtime. Safe to use from several threads."""

    @property
    def provider(self) -> str:
        """Return what the runtime uses: the execution provider, the package or the backend."""

    @property
    def threads(self) -> int | None:
        """Return the threads of one call, or None where the runtime decides."""

    def answers(self, pictures: Pictures) -> Answers:
        """Return the outputs for the inputs of the file's contract, contiguous or not, N >= 0, in a new array.

        Raises:
            InferenceError: the runtime failed.
        """


@runtime_checkable
class TimingSession(Protocol):
    """A session that runs elsewhere, such as in a browser, and times its calls there."""

    def answers(self, pictures: Pictures) -> Answers:
        """As every session does."""

    def take(self, pictures: Pictures, batch: int) -> None:
        """Take the pictures of queries of ``batch`` pictures, which ``timed`` and ``back_to_back`` send in turn."""

    def timed(self, seconds: float, at_least: int, pause_s: float) -> list[int]:
        """Send queries for ``seconds``, at least ``at_least``, with a pause before each; return the ns of each."""

    def back_to_back(self, count: int) -> float:
        """Send ``count`` queries without reading the clock between them, and return the seconds of all."""


def answer_in_parts(answer: Callable[[Pictures], Answers], images: Pictures, size: int) -> Answers:
    """Call ``answer`` on parts of ``size`` images, N >= 1, and return one array; so memory does not grow with N."""
    return np.concatenate([answer(images[start : start + size]) for start in range(0, len(images), size)])


class Runtime(Protocol):
    """One way to run a model."""

    @property
    def name(self) -> RuntimeName:
        """Return the name of the runtime."""

    @property
    def format(self) -> Format | None:
        """Return the format of the files that it reads, or None where it reads none."""

    @property
    def precisions(self) -> tuple[Precision, ...]:
        """Return the precisions that it runs."""

    @property
    def marks_ink(self) -> bool:
        """Return whether it runs the ink network."""

    def availability(self) -> Availability:
        """Return whether it works here, without loading a model."""

    def open(self, file: ModelFile | None, threads: int | None) -> Session:
        """Load a model. ``threads`` None means 1, for latency, unless the runtime decides.

        Raises:
            RuntimeUnavailableError: it does not work here.
            DamagedModelError: the file is no model of its format.
            ContractError: the model's inputs and outputs are not those of the contract.
            UsageError: it does not support that number of threads.
        """


@runtime_checkable
class TakesAnyFile(Protocol):
    """A runtime that also loads files which do not keep the contract."""

    def bare(self, file: ModelFile, threads: int | None) -> Bare:
        """Load a file as it is.

        Raises:
            RuntimeUnavailableError: the runtime does not work here.
            DamagedModelError: the file is no model of its format.
        """


def installed_version(*distributions: str) -> str | None:
    """Return the version of the first of these distributions that is installed, or None."""
    from importlib.metadata import PackageNotFoundError, version  # takes 20 ms, and most predictions do not need it

    for distribution in distributions:
        try:
            return version(distribution)
        except PackageNotFoundError:
            continue
    return None


class Null:
    """Returns a constant, without a library and without files: the benchmark measures its own overhead with it."""

    name: RuntimeName = "null"
    format: Format | None = None
    precisions: tuple[Precision, ...] = PRECISIONS
    marks_ink = False

    def availability(self) -> Availability:
        """Return that it works."""
        return Availability("built in")

    def open(self, file: ModelFile | None, threads: int | None) -> NullSession:
        """Ignore the model."""
        del file, threads
        return NullSession()


class NullSession:
    """Gives every class the same probability."""

    provider = "nothing"
    threads: int | None = None

    def answers(self, pictures: Pictures) -> Answers:
        """Return float32 [N, 10], all 0.1, for uint8 [N, 28, 28]."""
        return np.full((len(pictures), CLASSES), 1 / CLASSES, np.float32)


NULL_RUNTIME: Runtime = Null()
