import numpy as np
import pytest

from export.errors import ParityError
from export.parity import BOUNDS, compare, prove

LABELS = np.arange(1000, dtype=np.uint8) % 10


def answers(confidence=0.91):
    probabilities = np.full((1000, 10), (1 - confidence) / 9, np.float32)
    probabilities[np.arange(1000), LABELS] = confidence
    return probabilities


def proven(candidate, precision="float32", reference=None):
    return prove("it", precision, answers() if reference is None else reference, candidate, LABELS, "test")


def flipped(indices):
    candidate = answers()
    candidate[indices] = np.roll(candidate[indices], 1, axis=1)
    return candidate


def test_equal_answers_are_proven():
    parity = proven(answers())
    assert (parity.largest_difference, parity.mean_difference, parity.flips) == (0, 0, ())
    assert parity.accuracy.correct == 1000


@pytest.mark.parametrize("precision", BOUNDS)
def test_answers_that_are_no_numbers_are_refused(precision):
    candidate = answers()
    candidate[3, 4] = np.nan
    with pytest.raises(ParityError, match="1 of its answers are not finite"):
        proven(candidate, precision)


def test_float32_may_differ_by_1e_4_and_no_more():
    near, far = answers(), answers()
    near[5, 0] += 9e-5
    far[5, 0] += 1.2e-4
    far[5, 1] -= 1.2e-4
    assert proven(near).largest_difference == pytest.approx(9e-5, rel=0.01)
    with pytest.raises(ParityError, match=r"differ by up to 0\.00012, not 0\.0001"):
        proven(far)


def test_a_flip_in_float32_is_allowed_between_ties_alone():
    reference = answers()
    reference[8, :2] = (0.45500, 0.45504)
    reference[8, 2:] = (1 - 0.91004) / 8
    candidate = reference.copy()
    candidate[8, :2] = (0.45504, 0.45500)
    assert proven(candidate, reference=reference).flips == (8,)
    reference[8, :2] = (0.45495, 0.45509)
    candidate[8, :2] = (0.45503, 0.45501)
    with pytest.raises(ParityError, match=r"1 answers changed that were no ties \(images 8\)"):
        proven(candidate, reference=reference)


def test_int8_may_cost_a_fifth_of_a_percentage_point_and_no_more():
    assert proven(flipped([1, 2]), "int8").flips == (1, 2)
    with pytest.raises(ParityError, match=r"accuracy falls by 0\.30 percentage points to 0\.9970"):
        proven(flipped([1, 2, 3]), "int8")


def test_rows_must_sum_to_one():
    candidate = answers()
    candidate[0] *= 1.04
    with pytest.raises(ParityError, match="sums to 1 only within"):
        proven(candidate, "int8")


def test_comparison_counts_what_it_says():
    parity = compare(answers(), flipped([7]), LABELS, "test")
    assert parity.flips == (7,)
    assert parity.accuracy.correct == 999
    assert parity.largest_difference == pytest.approx(0.9, abs=1e-6)
    assert parity.mean_difference == pytest.approx(2 * 0.9 / 10_000, rel=1e-5)


def test_float16_may_change_three_answers_and_no_more():
    near = np.full((1000, 10), 0.0, np.float32)
    near[:] = answers(0.1004)  # all but a tie, so a small difference changes an answer
    candidate = near.copy()
    candidate[:3] = np.roll(candidate[:3], 1, axis=1)
    assert len(proven(candidate, "float16", near).flips) == 3
    candidate[3] = np.roll(candidate[3], 1)
    with pytest.raises(ParityError, match="4 answers changed, not 3 at most"):
        proven(candidate, "float16", near)
    with pytest.raises(ParityError, match=r"differ by up to 0\.0\d+, not 0\.005"):
        proven(answers(0.92), "float16")
