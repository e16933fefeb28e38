"""Ways through a piece of writing, with a network whose answers are known: it believes in pieces of exactly one width."""

import numpy as np
import pytest

from digit_infer import Prediction
from digit_infer.image.mnist_form import Box
from digit_infer.image.page import Segment
from digit_infer.recognition.touching import best_cut, between, joined


def blocks(*widths, height=40):
    """Blocks of ink side by side, with a thin bridge of one row between them."""
    ink = np.zeros((height, sum(widths) + 2 * (len(widths) - 1)), np.uint8)
    ink[height // 2] = 255
    left = 0
    for width in widths:
        ink[:, left : left + width] = 255
        left += width + 2
    return Segment(Box(5, 7, 5 + ink.shape[1], 7 + height), ink, ink.shape[1])


def cut(answer, whole):
    return best_cut(answer, (whole, *answer(whole.image()[None])))


def prediction(digit, confidence):
    row = np.full(10, (1 - confidence) / 9, np.float32)
    row[digit] = confidence
    return Prediction.of(row, np.zeros((28, 28), np.uint8))


def believing_in(*ratios, confidence=0.991):
    """Answer with confidence what is as wide as said, by its height, and full; everything else is doubted."""

    def answer(images):
        found = []
        for image in images:
            rows, columns = np.nonzero(image > 64)
            ratio = (np.ptp(columns) + 1) / (np.ptp(rows) + 1)
            full = (image[:, columns.min() + 2 : columns.max() - 1] > 64).sum(axis=0).min(initial=28) > 10
            digit = next((number for number, known in enumerate(ratios, 2) if full and abs(ratio - known) < 0.06), None)
            found.append(prediction(0, 0.1) if digit is None else prediction(digit, confidence))
        return found

    return answer


@pytest.mark.parametrize("widths", [(20, 20), (20, 34), (34, 20, 34), (20, 34, 34, 20, 34)])
def test_touching_blocks_are_taken_apart(widths):
    found = cut(believing_in(0.5, 0.85), blocks(*widths))
    assert [prediction.digit for _, prediction in found] == [2 + (20, 34).index(width) for width in widths]
    assert [segment.box.left for segment, _ in found] == sorted(segment.box.left for segment, _ in found)
    for (segment, _), width in zip(found, widths, strict=True):
        assert abs(segment.box.right - segment.box.left - width) <= 3


@pytest.mark.parametrize(("confidence", "parts"), [(0.9, 2), (0.7, 1)])
def test_parts_are_believed_where_the_network_is_sure_of_them(confidence, parts):
    assert len(cut(believing_in(0.5, 0.85, confidence=confidence), blocks(20, 34))) == parts


def test_what_is_one_digit_stays_whole():
    [(segment, prediction)] = cut(believing_in(1.0), blocks(40))
    assert segment.box == Box(5, 7, 45, 47)
    assert prediction.confidence > 0.9


def test_a_pale_edge_is_no_part():
    whole = blocks(40)
    whole.ink[:, :2] = 0
    whole.ink[::20, 1] = 5
    left, right = np.zeros(40, np.intp), np.full(40, 2)
    assert between(whole, left, right) is None
    assert between(whole, left, right + 2) is not None


@pytest.mark.parametrize(("of_both", "is_one"), [(0.999, True), (0.985, True), (0.975, False), (0.95, False)])
def test_two_pieces_are_one_digit_if_the_network_is_surer_of_both(of_both, is_one):
    """As the hook and the stroke of an open 4, of which a network takes the one for a 6 and the other for a 1."""
    pieces = [Segment(Box(left, 0, left + 12, 40), np.full((40, 12), 255, np.uint8), 12) for left in (0, 14)]
    hook, stroke = (pieces[0], prediction(6, 0.98)), (pieces[1], prediction(1, 0.99))
    both = joined(lambda images: [prediction(4, of_both) for _ in images], hook, stroke)
    if is_one:
        assert both is not None
        assert both[0].box == Box(0, 0, 26, 40)
        assert both[1].digit == 4
    else:
        assert both is None
