"""The ground under uneven light: a plane where that is enough, else bent."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digit_infer.image.ground import plane_ground
from digit_infer.image.ink import find_ink
from digit_infer.image.lamp_light import bare_ground

Y, X = np.mgrid[-1:1:120j, -1:1:300j]


def under_a_lamp(fall):
    """Return light that falls by so many grey levels from a place near the middle to the corners."""
    return 230 - fall * ((Y - 0.1) ** 2 + (X + 0.2) ** 2) / 2


@pytest.mark.parametrize("fall", [60, 90, 140])
@pytest.mark.parametrize("covered", [0.1, 0.35])
def test_light_from_the_middle_is_found_below_the_ink(fall, covered):
    light = under_a_lamp(fall)
    ink = covered > (X + 1) * 20 % 1  # in stripes
    ground = bare_ground(np.rint(np.where(ink, light - 70, light)).astype(np.uint8))
    np.testing.assert_allclose(ground, light, atol=3)


@pytest.mark.parametrize(
    "light", [np.full(X.shape, 200.0), 180 + 60 * X, 150 - 30 * X + 40 * Y], ids=["even", "side", "corner"]
)
def test_light_from_a_side_is_a_plane(light):
    page = np.rint(np.where(abs(X) < 0.2, light - 90, light)).astype(np.uint8)
    np.testing.assert_array_equal(bare_ground(page), plane_ground(page))


@given(st.integers(1, 40), st.integers(1, 200), st.integers(0, 2**31))
def test_every_picture_has_a_ground(height, width, seed):
    page = np.random.default_rng(seed).integers(0, 256, (height, width)).astype(np.uint8)
    ground = bare_ground(page)
    assert ground.shape == page.shape
    assert np.isfinite(ground).all()


@pytest.mark.parametrize("lighter", [False, True])
def test_the_light_itself_is_no_ink(lighter):
    light = under_a_lamp(110)
    digit = (abs(X) < 0.04) & (abs(Y) < 0.6)
    page = np.where(digit, light - 80, light)
    found = find_ink(np.rint(255 - page if lighter else page).astype(np.uint8)) > 127
    assert found[digit].mean() > 0.9
    assert not found[~digit].any()
