"""How right the answers of each file are, asked once a file through the same process that is timed."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from digit_infer import zoo
from digit_infer.benchmark.accuracy import accuracy_of_digits
from digit_infer.benchmark.configuration import Configuration
from digit_infer.benchmark.process import MeasuringProcess
from digit_infer.dataset import load
from digit_infer.errors import RuntimeUnavailableError, UnknownModelError
from digit_infer.zoo.manifest import Accuracy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Digits: TypeAlias = NDArray[np.uint8]

_Asked: TypeAlias = "tuple[str, str, str | None]"


class Answers:
    """The digits that each file answers to the 10,000 test images; ``null`` answers nothing."""

    def __init__(self, open_reference: Callable[[str], MeasuringProcess]) -> None:
        """Take what opens a model's float32 file, on the first runtime that can."""
        self._open_reference = open_reference
        self._labels = load("test").labels
        self._digits: dict[_Asked, Digits] = {}
        self._references: dict[str, Digits | None] = {}

    def ask(self, configuration: Configuration, process: MeasuringProcess) -> None:
        """Let a process answer, if none that runs the same file has done so."""
        asked = _asked(configuration)
        if configuration.runtime != "null" and asked not in self._digits:
            self._digits[asked] = _decoded(process)

    def accuracy(self, configuration: Configuration) -> Accuracy | None:
        """Return the accuracy, or None where nothing has been asked."""
        found = self._digits.get(_asked(configuration))
        return None if found is None else accuracy_of_digits(found, self._labels)

    def flips(self, configuration: Configuration) -> int | None:
        """Return how many answers differ from those of the model's float32 file, or None where no such file runs here."""
        found, model = self._digits.get(_asked(configuration)), configuration.model
        if found is None or zoo.is_path(model):
            return None
        if model not in self._references:
            self._references[model] = self._reference(model)
        reference = self._references[model]
        return None if reference is None else int(np.sum(reference != found))

    def _reference(self, model: str) -> Digits | None:
        for asked, found in self._digits.items():
            if asked == (model, "onnx-cpu", "float32"):
                return found
        try:
            with self._open_reference(model) as process:
                return _decoded(process)
        except (RuntimeUnavailableError, UnknownModelError):
            return None  # no float32 file, or nothing to run it: the row says so by an empty cell


def _asked(configuration: Configuration) -> _Asked:
    return configuration.model, configuration.runtime, configuration.precision


def _decoded(process: MeasuringProcess) -> Digits:
    return np.frombuffer(base64.b64decode(process.digits()), np.uint8)
