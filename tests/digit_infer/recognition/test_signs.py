"""Signs on a line of digits, told by their height and place."""

import numpy as np
import pytest

from digit_infer import Prediction
from digit_infer.image.mnist_form import Box
from digit_infer.image.page import Segment
from digit_infer.recognition.signs import OTHER, told_apart


def piece(left, top, height, digit, confidence, *, is_digit=True):
    """A vertical bar of this height, and what the network says of it."""
    ink = np.full((height, 6), 255, np.uint8)
    probabilities = np.full(10, (1 - confidence) / 9, np.float32)
    probabilities[digit] = confidence
    image = np.zeros((28, 28), np.uint8)
    said = Prediction(digit, confidence, probabilities, image, is_digit)
    return Segment(Box(left, top, left + 6, top + height), ink, 6), said


@pytest.mark.parametrize(("confidence", "is_digit", "sign"), [(0.98, True, ""), (0.14, False, OTHER)])
def test_what_is_tall_and_most_like_a_1_is_a_digit_only_where_the_network_says_so(confidence, is_digit, sign):
    digits = [piece(left, 20, 50, 2, 0.99) for left in (0, 40, 120)]
    tall = piece(80, 12, 64, 1, confidence, is_digit=is_digit)
    parts = told_apart([*digits[:2], tall, digits[2]])
    assert [told for _, _, told in parts] == ["", "", sign, ""]
