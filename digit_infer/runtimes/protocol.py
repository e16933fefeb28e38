"""What a runtime is: something that says whether it works here, and opens a model file as a session.

Which distributions are installed, without importing them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

import numpy as np

from digit_infer.contract import Format, Precision

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from digit_infer.runtimes.model_file import ModelFile

    Pictures = NDArray[np.uint8]
    """uint8 [N, *takes] of a contract: images of digits, or grey pictures"""

    Answers = NDArray[Any]
    """[N, *gives] of a contract: probabilities float32 [N, 10], or ink uint8 [N, 128, 128]"""


RuntimeName = Literal["onnx-cpu", "onnx-gpu", "onnx-gpu-graph", "onnx-tensorrt", "tflite", "tflm", "keras", "null"]
RUNTIME_NAMES: tuple[RuntimeName, ...] = get_args(RuntimeName)


@dataclass(frozen=True)
class Availability:
    """Whether a runtime works on this machine: the version that would answer, or the reason why none does."""

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
        """Name what really runs: the execution provider, the delegate or the backend."""

    @property
    def threads(self) -> int | None:
        """Return the number of threads that one call may use, or None where the runtime decides."""

    def answers(self, pictures: Pictures) -> Answers:
        """Answer what the file's contract takes, contiguous or not, N from 0 up, by what it gives: an array of its own.

        Raises:
            InferenceError: the runtime failed.
        """


def answer_in_parts(answer: Callable[[Pictures], Answers], images: Pictures, size: int) -> Answers:
    """Answer images, N at least 1, in calls of ``size`` images, so that memory does not grow with N."""
    return np.concatenate([answer(images[start : start + size]) for start in range(0, len(images), size)])


class Runtime(Protocol):
    """One way to run a model."""

    @property
    def name(self) -> RuntimeName:
        """Return the name that users say."""

    @property
    def format(self) -> Format | None:
        """Return the format of the files that it reads, or None where it reads none."""

    @property
    def precisions(self) -> tuple[Precision, ...]:
        """Return the precisions that it runs."""

    @property
    def marks_ink(self) -> bool:
        """Return whether it runs the ink network; without it, the plain look at a picture is the only one."""

    def availability(self) -> Availability:
        """Say whether it works here, without loading a model."""

    def open(self, file: ModelFile | None, threads: int | None) -> Session:
        """Load a model. ``threads`` None means the runtime's default here: 1, for latency.

        Raises:
            RuntimeUnavailableError: it does not work here.
            DamagedModelError: the bytes are no model of its format.
            ContractError: the model's inputs and outputs are not those of the contract.
            UsageError: it cannot keep that number of threads.
        """


def installed_version(*distributions: str) -> str | None:
    """Return the version of the first of these distributions that is installed, or None."""
    from importlib.metadata import PackageNotFoundError, version  # 20 ms that most predictions can do without

    for distribution in distributions:
        try:
            return version(distribution)
        except PackageNotFoundError:
            continue
    return None
