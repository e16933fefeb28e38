import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digit_infer.benchmark.statistics import (
    Histogram,
    accuracy_of,
    best_temperature,
    expected_calibration_error,
    flips,
    reliability,
    tempered,
    wilson_interval,
)


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
    labels = (honest.cumsum(axis=1) > draw.random((len(honest), 1))).argmax(axis=1).astype(np.uint8)
    assert best_temperature(honest, labels) == pytest.approx(1, abs=0.03)
    assert best_temperature(tempered(honest, 2.0), labels) == pytest.approx(0.5, abs=0.03)


def test_flips_and_accuracy_count_what_they_say():
    reference = np.eye(10, dtype=np.float32)
    candidate = reference.copy()
    candidate[3] = reference[4]
    assert flips(reference, candidate) == (3,)
    assert accuracy_of(candidate, np.arange(10, dtype=np.uint8)).correct == 9


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    # Computed with R: binom::binom.confint(x, n, methods = "wilson")
    [(9915, 10_000, 0.98950, 0.99313), (0, 10, 0.0, 0.27753), (10, 10, 0.72247, 1.0), (5, 10, 0.23659, 0.76341)],
)
def test_wilson_against_known_values(successes, trials, low, high):
    assert wilson_interval(successes, trials) == pytest.approx((low, high), abs=6e-5)


@given(st.integers(1, 10_000).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials))))
def test_wilson_holds_the_share_and_stays_within_zero_and_one(pair):
    successes, trials = pair
    low, high = wilson_interval(successes, trials)
    assert 0 <= low <= successes / trials + 1e-12
    assert successes / trials - 1e-12 <= high <= 1


@pytest.mark.parametrize(("successes", "trials"), [(1, 0), (2, 1), (-1, 5)])
def test_wilson_refuses_what_is_no_share(successes, trials):
    with pytest.raises(ValueError, match="successes"):
        wilson_interval(successes, trials)


@pytest.mark.parametrize(("percent", "needed"), [(90, 64), (99, 662), (99.9, 6_700)])
def test_a_percentile_needs_samples(percent, needed):
    assert Histogram.of(range(needed - 1)).percentile_us(percent) is None
    assert Histogram.of(range(needed)).percentile_us(percent) is not None
