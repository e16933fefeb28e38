"""What exporting raises on purpose."""

from digit_infer.errors import DigitInferError


class ExportError(DigitInferError, RuntimeError):
    """A model cannot be converted."""


class ParityError(ExportError):
    """A converted file does not answer what the trained model answered."""


class NeighboursError(ParityError):
    """A converted file answers otherwise where other images stand in the same batch."""
