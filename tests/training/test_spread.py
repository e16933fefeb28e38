import pytest
from hypothesis import given
from hypothesis import strategies as st

from digit_infer.benchmark.statistics import wilson_interval
from training.spread import Spread, exact_mcnemar, mean_and_deviation


def test_the_interval_of_three_seeds_is_students_prediction_interval():
    spread = Spread((0.97, 0.98, 0.99), 10_000)
    assert (spread.mean, spread.deviation, spread.best, spread.worst) == pytest.approx((0.98, 0.01, 0.99, 0.97))
    assert spread.interval.high - spread.mean == pytest.approx(4.303 * 0.01 * (4 / 3) ** 0.5, rel=1e-6)
    assert spread.mean - spread.interval.low == pytest.approx(spread.interval.high - spread.mean)


@pytest.mark.parametrize("accuracies", [(0.98,), (0.979, 0.981)])
def test_fewer_seeds_have_wilsons_interval(accuracies):
    assert Spread(accuracies, 10_000).interval == wilson_interval(9_800, 10_000)


@pytest.mark.parametrize(
    ("published", "verdict"),
    [
        (0.980, "inside the spread"),
        (0.983, "inside the spread"),
        (0.985, "within one more run"),
        (0.9999, "worse"),
        (0.95, "better"),
    ],
)
def test_verdicts(published, verdict):
    assert Spread((0.979, 0.981, 0.983), 10_000).verdict(published) == verdict


def test_a_single_seed_is_inside_nothing():
    assert Spread((0.98,), 10_000).verdict(0.98) == "within one more run"


def test_mcnemar_of_known_counts():
    assert exact_mcnemar(1, 9) == pytest.approx(2 * (1 + 10) / 2**10)
    assert exact_mcnemar(5, 5) == 1
    assert exact_mcnemar(0, 0) == 1


@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_is_a_symmetric_probability(one, two):
    assert exact_mcnemar(one, two) == exact_mcnemar(two, one)
    assert 0 < exact_mcnemar(one, two) <= 1


@given(st.lists(st.floats(0.5, 0.999), min_size=3, max_size=9))
def test_the_interval_holds_the_mean_and_shrinks_with_equal_seeds(accuracies):
    interval = Spread(tuple(accuracies), 10_000).interval
    assert interval.low <= sum(accuracies) / len(accuracies) + 1e-12
    assert interval.high >= sum(accuracies) / len(accuracies) - 1e-12


def test_words():
    assert mean_and_deviation([0.5]) == "0.5000"
    assert mean_and_deviation([0.97, 0.99]) == "0.9800 ± 0.0141"
