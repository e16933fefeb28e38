import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digit_infer.benchmark.accuracy import best_temperature, expected_calibration_error, reliability, tempered


def answers(confidences):
    return np.array([[c, *[(1 - c) / 9] * 9] for c in confidences], np.float32)


def test_a_known_error():
    probabilities = answers([0.95] * 10 + [0.55] * 10)
    labels = np.array([0] * 8 + [1] * 2 + [0] * 5 + [1] * 5, np.uint8)
    bins = reliability(probabilities, labels)
    assert [(entry.count, entry.accuracy) for entry in bins] == [(10, 0.5), (10, 0.8)]
    assert expected_calibration_error(bins) == pytest.approx((0.15 + 0.05) / 2, abs=1e-6)


@given(st.floats(0.4, 2.5))
def test_a_temperature_is_undone(temperature):
    rows = np.random.default_rng(0).dirichlet(np.full(10, 0.5), 50).astype(np.float32)
    back = tempered(tempered(rows, temperature), 1 / temperature)
    np.testing.assert_allclose(back, rows, atol=1e-4)
    np.testing.assert_array_equal(tempered(rows, temperature).argmax(axis=1), rows.argmax(axis=1))


def test_the_best_temperature_is_the_one_that_answers_were_made_with():
    draw = np.random.default_rng(1)
    honest = draw.dirichlet(np.full(10, 0.3), 20_000).astype(np.float32)
    labels = np.array([draw.choice(10, p=row / row.sum()) for row in honest.astype(np.float64)], np.uint8)
    assert best_temperature(honest, labels) == pytest.approx(1, abs=0.03)
    assert best_temperature(tempered(honest, 2.0), labels) == pytest.approx(0.5, abs=0.03)
