"""What a predictor answers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from digit_infer.errors import InferenceError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.errors import PictureError


NO_DIGIT = "no digit found"
"""What people are told of a picture whose prediction is no digit."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """The answer to one picture.

    Attributes:
        digit: 0 to 9.
        confidence: the probability of that digit, 0 to 1.
        probabilities: float32 [10], by digit; they sum to 1 (int8 models: within 0.03).
        image: uint8 [28, 28], 0 = background, 255 = ink: what the network saw.
        is_digit: whether there is ink and the confidence reaches what the predictor asks for (``Predictor.reject_below``);
            if not, ``digit`` is the best guess about a picture that shows none, or one that cannot be read.
    """

    digit: int
    confidence: float
    probabilities: NDArray[np.float32]
    image: NDArray[np.uint8]
    is_digit: bool = True

    def __repr__(self) -> str:
        found = f"{self.digit}, confidence={self.confidence:.4f}"
        return f"Prediction({found})" if self.is_digit else f"Prediction({found}, is_digit=False)"

    @classmethod
    def of(cls, probabilities: NDArray[np.float32], image: NDArray[np.uint8], reject_below: float = 0.0) -> Prediction:
        """Read the digit off a row of probabilities.

        Raises:
            InferenceError: they are no numbers, as from a model with damaged weights.
        """
        if not math.isfinite(probabilities.sum()):  # one look instead of ten
            raise InferenceError("the model answers no numbers (NaN or infinity)", "export it again")
        digit = int(probabilities.argmax())
        confidence = float(probabilities[digit])
        return cls(digit, confidence, probabilities, image, confidence >= reject_below and bool(image.any()))

    def top(self, count: int) -> list[tuple[int, float]]:
        """Return the ``count`` most probable digits with their probabilities, most probable first."""
        order = np.argsort(-self.probabilities, kind="stable")[:count]
        return [(int(digit), float(self.probabilities[digit])) for digit in order]


@dataclass(frozen=True, eq=False)
class Unanswered:
    """Stands in a stream of predictions where a picture could not be answered, with the reason."""

    error: PictureError
