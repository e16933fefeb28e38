import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digit_infer.benchmark.statistics import percentile, wilson_interval


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
    assert percentile(range(needed - 1), percent) is None
    assert percentile(range(needed), percent) == math.ceil(percent / 100 * needed) - 1


@given(st.lists(st.floats(0, 1e6), min_size=64, max_size=200))
def test_percentiles_are_measured_values_as_numpy_finds_them(values):
    ordered = sorted(values)
    assert percentile(ordered, 90) == np.percentile(ordered, 90, method="inverted_cdf")
    assert percentile(ordered, 50) == np.percentile(ordered, 50, method="inverted_cdf")
