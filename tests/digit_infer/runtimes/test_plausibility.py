import numpy as np
import pytest

from digit_infer.runtimes.plausibility import doubt
from digit_infer.runtimes.preprocessing import Preprocessing

LABELS = np.arange(1000, dtype=np.uint8) % 10


def answers(right, confidence):
    """Probabilities of which this share is right, all with one confidence."""
    told = np.where(np.arange(1000) < 1000 * right, LABELS, (LABELS + 1) % 10)
    probabilities = np.full((1000, 10), (1 - confidence) / 9, np.float32)
    probabilities[np.arange(1000), told] = confidence
    return probabilities


def warned(given, to_bytes, way=None):
    """Doubt a network that answers like ``given``, and to bytes like ``to_bytes``."""
    table = {Preprocessing(scale=255): to_bytes}
    found = doubt("own", way or Preprocessing(), lambda asked: table.get(asked, given), LABELS)
    return None if found is None else found.line


def test_a_good_network_is_not_doubted_nor_one_that_is_as_good_with_other_pixels():
    assert warned(answers(0.98, 0.97), answers(0.97, 0.97)) is None
    assert warned(answers(0.98, 0.97), answers(0.985, 0.97)) is None


def test_a_network_that_answers_clearly_more_with_other_pixels_is_doubted():
    line = warned(answers(0.75, 0.9), answers(0.85, 0.9))
    assert line.startswith("own answers 75.0 % of MNIST's first 1,000 test images with pixels in 0..1")
    assert "and 85.0 % with --scale 255 (" in line


def test_confidence_tells_where_answers_do_not():
    """Bytes for a network that was trained on 0..1: most answers stay, and each wrong one is certain."""
    sure, calibrated = answers(0.98, 1.0), answers(0.978, 0.97)
    assert "97.8 % with --scale 255" in warned(sure, calibrated)


@pytest.mark.parametrize("share", [0.11, 0.49])
def test_chance_is_told_though_no_other_way_is_better(share):
    line = warned(answers(share, 0.5), answers(share, 0.5))
    assert f"answers {100 * share:.1f} % of MNIST's first 1,000 test images" in line
    assert "is --scale right? does it expect dark ink on light ground (--invert)?" in line
