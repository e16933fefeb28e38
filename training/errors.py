"""Errors of training."""

from digit_infer.errors import DigitInferError


class TrainingError(DigitInferError, RuntimeError):
    """A training run cannot start, continue or be evaluated."""
