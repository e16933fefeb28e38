"""Errors of the export."""

import math

from digit_infer.errors import DigitInferError


class ExportError(DigitInferError, RuntimeError):
    """A model cannot be converted."""


class ParityError(ExportError):
    """A file's answers do not agree with the trained model's; ``lost``: the percentage points of accuracy."""

    lost: float = math.inf
