"""Answers a constant without looking: what is left is the cost of the harness itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from digit_infer.contract import CLASSES, PRECISIONS, Format, Precision
from digit_infer.runtimes.protocol import Availability, ModelFile, Runtime, RuntimeName

if TYPE_CHECKING:
    from digit_infer.contract import Images, Probabilities


class Null:
    """Runs nothing, and reads no file."""

    name: RuntimeName = "null"
    format: Format | None = None
    precisions: tuple[Precision, ...] = PRECISIONS

    def availability(self) -> Availability:
        """Return that it works: it always does."""
        return Availability("built in")

    def open(self, file: ModelFile | None, threads: int | None) -> NullSession:
        """Ignore the model."""
        del file, threads
        return NullSession()


class NullSession:
    """Gives every class the same probability."""

    provider = "nothing"
    threads: int | None = None

    def probabilities(self, images: Images) -> Probabilities:
        """Answer uint8 [N, 28, 28] by float32 [N, 10], all 0.1."""
        return np.full((len(images), CLASSES), 1 / CLASSES, np.float32)


RUNTIME: Runtime = Null()
