"""What exporting raises on purpose."""

import math

from digit_infer.errors import DigitInferError


class ExportError(DigitInferError, RuntimeError):
    """A model cannot be converted."""


class ParityError(ExportError):
    """A converted file does not answer what the trained model answered; ``lost`` are percentage points of accuracy."""

    lost: float = math.inf
