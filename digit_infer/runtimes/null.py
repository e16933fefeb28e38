"""Answers a constant without looking: what is left is the cost of the harness itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from digit_infer.contract import DIGITS, PRECISIONS, Contract, Format, Precision
from digit_infer.runtimes.protocol import Availability, ModelFile, Runtime, RuntimeName

if TYPE_CHECKING:
    from digit_infer.runtimes.protocol import Answers, Pictures


class Null:
    """Runs nothing, and reads no file."""

    name: RuntimeName = "null"
    format: Format | None = None
    precisions: tuple[Precision, ...] = PRECISIONS
    marks_ink = True

    def availability(self) -> Availability:
        """Return that it works: it always does."""
        return Availability("built in")

    def open(self, file: ModelFile | None, threads: int | None) -> NullSession:
        """Ignore the model."""
        del threads
        return NullSession(DIGITS if file is None else file.contract)


class NullSession:
    """Gives every class the same probability, and every pixel no ink."""

    provider = "nothing"
    threads: int | None = None

    def __init__(self, contract: Contract) -> None:
        self._contract = contract

    def answers(self, pictures: Pictures) -> Answers:
        """Answer what the contract takes by 0.1 for each class, or by 0 for each pixel."""
        return np.full((len(pictures), *self._contract.gives), 0.1, self._contract.dtype)


RUNTIME: Runtime = Null()
