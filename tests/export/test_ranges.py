import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from digit_infer.errors import UsageError
from export.calibration import METHODS, Calibration, drawn, of_training_images
from export.errors import ExportError
from export.ranges import range_of

some_values = arrays(np.float32, st.integers(1, 400), elements=st.floats(-1e4, 1e4, width=32))


@settings(max_examples=60, deadline=None)
@given(some_values, st.sampled_from(METHODS))
def test_a_range_holds_zero_and_never_more_than_the_values(values, method):
    low, high = range_of(values, method)
    assert min(values.min(), 0) <= low <= 0 <= high <= max(values.max(), 0)


@settings(max_examples=60, deadline=None)
@given(some_values)
def test_min_max_clips_nothing(values):
    assert range_of(values, "min-max") == (min(values.min(), 0), max(values.max(), 0))


def test_both_other_methods_clip_a_long_tail():
    """As behind a ReLU: half of the values are zero, most small, a few in ten thousand many times as large."""
    random = np.random.default_rng(0)
    values = np.maximum(random.standard_t(3, 500_000), 0).astype(np.float32)
    whole = range_of(values, "min-max")
    for method in ("percentile", "entropy"):
        low, high = range_of(values, method)
        assert low == 0
        assert 3 < high < whole[1] / 2


def test_entropy_is_not_misled_by_the_value_of_an_empty_ground():
    """One value makes half of all, a sixteenth of the way up: clipping there would lose all that matters."""
    random = np.random.default_rng(1)
    values = np.abs(random.normal(size=200_000)).astype(np.float32)
    ground = np.full(200_000, values.max() * 127.5 / 2048, np.float32)
    assert range_of(np.concatenate([values, ground]), "entropy")[1] > values.max() / 2


def test_entropy_keeps_an_even_distribution_whole():
    values = np.linspace(0, 1, 100_000, dtype=np.float32)
    assert range_of(values, "entropy")[1] > 0.9


def test_percentile_leaves_out_one_in_ten_thousand_at_either_end():
    values = np.linspace(-1, 1, 1_000_001, dtype=np.float32)
    assert range_of(values, "percentile") == (pytest.approx(-0.9998, abs=1e-5), pytest.approx(0.9998, abs=1e-5))


def test_values_that_are_all_zero_have_a_range_of_nothing():
    assert [range_of(np.zeros(10, np.float32), method) for method in METHODS] == [(0, 0)] * 3


def test_the_same_seed_draws_the_same_images(mnist_test):
    first, again, other = (drawn(mnist_test.images, 50, seed) for seed in (3, 3, 4))
    assert first.shape == (50, 28, 28)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert str(of_training_images(50, 3, "entropy")) == "entropy over 50 MNIST training images, seed 3"


@pytest.mark.parametrize("size", [0, 60_001])
def test_there_are_sixty_thousand_training_images(size):
    with pytest.raises(UsageError, match="calibration images are too few or too many"):
        of_training_images(size)


def test_pictures_without_full_ink_would_change_the_input():
    faint = Calibration("faint pictures", lambda: np.full((20, 28, 28), 90, np.uint8))
    with pytest.raises(ExportError, match="faint pictures do not reach from ground to full ink"):
        faint.images()
