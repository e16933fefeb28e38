"""A predictor's result for one picture."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from digit_infer.errors import InferenceError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.errors import PictureError
    from digit_infer.image.mnist_form import Box
    from digit_infer.image.one_digit import By, Look


NO_DIGIT = "no digit found"
SEVERAL = "several digits found"
"""Reasons why ``is_digit`` is false."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """The result for one picture.

    Attributes:
        digit: 0 to 9.
        confidence: probability of that digit, 0 to 1.
        probabilities: float32 [10], by digit; they sum to 1 (int8 models: within 0.03).
        image: uint8 [28, 28], 0 = background, 255 = ink: the network's input.
        is_digit: whether the picture shows one digit with a confidence of at least ``Predictor.reject_below``, or in a
            ``Reading`` ``Predictor.read_below``. If not, ``digit`` is still the most probable digit.
        several: whether the picture shows several digits of similar size; ``Predictor.read`` reads them.
        look: how the ink was found: "given" for a picture in MNIST's form, "plain" for a threshold on an even
            background, "network" for the ink network.
        page: the page or frame of the file that was answered, from 1.
        pages: the number of pages or frames in the file.
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
        """Why ``is_digit`` is false; None if it is true."""
        if self.is_digit:
            return None
        return SEVERAL if self.several else NO_DIGIT

    def __repr__(self) -> str:
        found = f"{self.digit}, confidence={self.confidence:.4f}"
        return f"Prediction({found})" if self.is_digit else f"Prediction({found}, is_digit=False)"

    def _repr_html_(self) -> str:
        """Return HTML for notebooks: digit, image and probabilities."""
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
        """Create a prediction from probabilities float32 [10] and their image uint8 [28, 28].

        Raises:
            InferenceError: the probabilities contain NaN or infinity, for example because weights are damaged.
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

    ``grey`` is the picture, uint8 [H, W]. ``look`` has the ink that the prediction is based on, and ``box`` the digit's
    bounding box on ``grey``; both are None if there is no ink.
    """

    prediction: Prediction
    grey: NDArray[np.uint8]
    look: Look | None
    box: Box | None


@dataclass(frozen=True, eq=False)
class Unanswered:
    """A picture that could not be predicted, and why."""

    error: PictureError
