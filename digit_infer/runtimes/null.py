"""Returns a constant without a model: the benchmark measures its own overhead with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from digit_infer.contract import CLASSES, PRECISIONS, Format, Precision
from digit_infer.runtimes.model_file import ModelFile
from digit_infer.runtimes.protocol import Availability, Runtime, RuntimeName

if TYPE_CHECKING:
    from digit_infer.runtimes.protocol import Answers, Pictures


class Null:
    """A runtime without a library and without files."""

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


RUNTIME: Runtime = Null()
