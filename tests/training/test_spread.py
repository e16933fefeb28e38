import pytest
from hypothesis import given
from hypothesis import strategies as st

from digit_infer.benchmark.statistics import mean_and_deviation
from training.spread import Spread, difference_of_means, exact_mcnemar


def test_the_interval_of_three_seeds_is_students_prediction_interval():
    spread = Spread((0.90, 0.91, 0.92), 10_000)
    assert (spread.mean, spread.deviation, spread.best, spread.worst) == pytest.approx((0.91, 0.01, 0.92, 0.90))
    assert spread.interval.high - spread.mean == pytest.approx(4.303 * 0.01 * (4 / 3) ** 0.5, rel=1e-6)
    assert spread.mean - spread.interval.low == pytest.approx(spread.interval.high - spread.mean)


@pytest.mark.parametrize("accuracies", [(0.98,), (0.979, 0.981)])
def test_fewer_seeds_have_the_sampling_error_of_a_difference(accuracies):
    interval = Spread(accuracies, 10_000).interval
    assert interval.high - 0.98 == pytest.approx(1.96 * (2 * 0.98 * 0.02 / 10_000) ** 0.5, rel=1e-4)
    assert not Spread(accuracies, 10_000).is_known


@pytest.mark.parametrize(
    ("published", "verdict"),
    [
        (0.980, "inside the spread"),
        (0.983, "inside the spread"),
        (0.985, "inside the interval"),
        (0.9999, "worse"),
        (0.95, "better"),
    ],
)
def test_verdicts(published, verdict):
    assert Spread((0.979, 0.981, 0.983), 10_000).verdict(published) == verdict


def test_welchs_interval_of_known_samples():
    first, second = Spread((0.980, 0.982, 0.984), 10_000), Spread((0.990, 0.992, 0.994), 10_000)
    interval = difference_of_means(first, second)
    assert interval.low + interval.high == pytest.approx(2 * 0.01)
    assert interval.high - 0.01 == pytest.approx(2.776 * 0.002 * (2 / 3) ** 0.5)
    assert difference_of_means(first, Spread((0.99, 0.991), 10_000)) is None
    assert difference_of_means(Spread((0.9,) * 3, 100), Spread((0.8,) * 3, 100)) == pytest.approx((-0.1, -0.1))


def test_a_single_seed_is_inside_nothing():
    assert Spread((0.98,), 10_000).verdict(0.98) == "inside the interval"


def test_mcnemar_of_known_counts():
    assert exact_mcnemar(1, 9) == pytest.approx(2 * (1 + 10) / 2**10)
    assert exact_mcnemar(5, 5) == 1
    assert exact_mcnemar(0, 0) == 1


@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_is_a_symmetric_probability(one, two):
    assert exact_mcnemar(one, two) == exact_mcnemar(two, one)
    assert 0 < exact_mcnemar(one, two) <= 1


@given(st.lists(st.floats(0.5, 0.999), min_size=3, max_size=9))
def test_the_interval_holds_the_mean_and_stays_a_share(accuracies):
    interval = Spread(tuple(accuracies), 10_000).interval
    assert interval.low <= sum(accuracies) / len(accuracies) + 1e-12
    assert interval.high >= sum(accuracies) / len(accuracies) - 1e-12
    assert 0 <= interval.low <= interval.high <= 1


def test_words():
    assert mean_and_deviation([0.5]) == "0.5000"
    assert mean_and_deviation([0.97, 0.99]) == "0.9800 ± 0.0141"
