"""The result of a predictor for one picture."""

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
"""The reasons why a prediction is no digit, in words."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """The answer for one picture.

    Attributes:
        digit: 0 to 9.
        confidence: the probability of that digit, 0 to 1.
        probabilities: float32 [10], by digit; they sum to 1 (int8 models: within 0.03).
        image: uint8 [28, 28], 0 = background, 255 = ink: the input of the network.
        is_digit: whether the picture has the ink of one digit and the confidence is at least ``Predictor.reject_below``.
            If not, ``digit`` is the most probable digit all the same.
        several: whether the picture shows several digits of similar size; ``Predictor.read`` reads them.
        look: what found the ink: "given" for a picture in MNIST's form, "plain" for a threshold on an even background,
            "network" for the ink network.
        page: which page or frame of the picture's file was answered, from 1.
        pages: how many pages or frames the file has.
    """

    digit: int
    confidence: float
    probabilities: NDArray[np.float32]
    image: NDArray[np.uint8]
    is_digit: bool = True
    several: bool = False
    look: By = "given"
    page: int = 1
    pages: int = 1

    @property
    def reason(self) -> str | None:
        """Why ``is_digit`` is false, in a few words; None where it is true."""
        if self.is_digit:
            return None
        return SEVERAL if self.several else NO_DIGIT

    def __repr__(self) -> str:
        found = f"{self.digit}, confidence={self.confidence:.4f}"
        return f"Prediction({found})" if self.is_digit else f"Prediction({found}, is_digit=False)"

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the digit, the image of 28 by 28 pixels and the probabilities as bars."""
        from digit_infer._html import prediction_html

        reason = f" ({self.reason})" if self.reason else ""
        title = f"{self.digit}, confidence {100 * self.confidence:.2f} %{reason}"
        return prediction_html(title, self.image, self.probabilities)

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
        """Make a prediction of probabilities float32 [10] and the image uint8 [28, 28] that they belong to.

        Raises:
            InferenceError: the probabilities contain NaN or infinity, as from a model with damaged weights.
        """
        if not math.isfinite(probabilities.sum()):  # one check instead of ten
            raise InferenceError("the model gives NaN or infinity", "export it again")
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
    """A prediction with its intermediate results.

    ``grey`` is the picture, uint8 [H, W]. ``look`` has the ink that the prediction is based on, and ``box`` is where the
    digit lies on ``grey``; both are None where no ink was found.
    """

    prediction: Prediction
    grey: NDArray[np.uint8]
    look: Look | None
    box: Box | None


@dataclass(frozen=True, eq=False)
class Unanswered:
    """The answer for a picture that cannot be answered, with the reason."""

    error: PictureError
