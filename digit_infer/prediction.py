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
    from digit_infer.image.look import By, Look
    from digit_infer.image.mnist_form import Box


NO_DIGIT = "no digit found"
SEVERAL = "several digits found"
"""What people are told of a picture whose prediction is no digit, and why."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """The answer to one picture.

    Attributes:
        digit: 0 to 9.
        confidence: the probability of that digit, 0 to 1.
        probabilities: float32 [10], by digit; they sum to 1 (int8 models: within 0.03).
        image: uint8 [28, 28], 0 = background, 255 = ink: what the network saw.
        is_digit: whether there is the ink of one digit and the confidence reaches what the predictor asks for
            (``Predictor.reject_below``); if not, ``digit`` is the best guess about a picture that shows none, or one that
            cannot be read, or one of several digits.
        several: whether the picture shows several digits of like size; ``Predictor.read`` reads them.
        look: which look found the ink: "given" for what is in MNIST's own form already, "plain" for what stands out from
            an even background, "network" for the ink network.
    """

    digit: int
    confidence: float
    probabilities: NDArray[np.float32]
    image: NDArray[np.uint8]
    is_digit: bool = True
    several: bool = False
    look: By = "given"

    @property
    def reason(self) -> str | None:
        """Why this is no digit, in a few words; None where it is one."""
        if self.is_digit:
            return None
        return SEVERAL if self.several else NO_DIGIT

    def __repr__(self) -> str:
        found = f"{self.digit}, confidence={self.confidence:.4f}"
        return f"Prediction({found})" if self.is_digit else f"Prediction({found}, is_digit=False)"

    @classmethod
    def of(
        cls,
        probabilities: NDArray[np.float32],
        image: NDArray[np.uint8],
        reject_below: float = 0.0,
        *,
        several: bool = False,
        look: By = "given",
    ) -> Prediction:
        """Read the digit off a row of probabilities.

        Raises:
            InferenceError: they are no numbers, as from a model with damaged weights.
        """
        if not math.isfinite(probabilities.sum()):  # one look instead of ten
            raise InferenceError("the model answers no numbers (NaN or infinity)", "export it again")
        digit = int(probabilities.argmax())
        confidence = float(probabilities[digit])
        is_digit = confidence >= reject_below and not several and bool(image.any())
        return cls(digit, confidence, probabilities, image, is_digit, several, look)

    def top(self, count: int) -> list[tuple[int, float]]:
        """Return the ``count`` most probable digits with their probabilities, most probable first."""
        order = np.argsort(-self.probabilities, kind="stable")[:count]
        return [(int(digit), float(self.probabilities[digit])) for digit in order]


@dataclass(frozen=True, eq=False)
class Explanation:
    """A prediction and what led to it.

    ``grey`` is the picture, uint8 [H, W]; ``look`` is what was believed, and ``box`` where the digit lies on ``grey``. Both
    are None where no look found ink.
    """

    prediction: Prediction
    grey: NDArray[np.uint8]
    look: Look | None
    box: Box | None


@dataclass(frozen=True, eq=False)
class Unanswered:
    """Stands in a stream of predictions where a picture could not be answered, with the reason."""

    error: PictureError
