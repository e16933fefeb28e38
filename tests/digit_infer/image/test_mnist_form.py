import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from digit_infer import Predictor
from digit_infer.errors import BlankPictureError
from digit_infer.image import normalize
from digit_infer.image.ground import plane_ground
from digit_infer.image.ink import find_ink
from digit_infer.image.mnist_form import BOX, CENTRE, centred, fitted, is_mnist_form
from digit_infer.image.otsu import otsu


def centre_of_mass(image):
    weights = image.astype(float)
    return [(weights.sum(axis=axis) * (np.arange(28) + 0.5)).sum() / weights.sum() for axis in (1, 0)]


def ink_box(image):
    rows, columns = np.nonzero(image)
    return np.ptp(rows) + 1, np.ptp(columns) + 1


def test_mnist_has_the_form_that_is_documented(mnist_test):
    sides = [max(ink_box(image)) for image in mnist_test.images]
    assert (sides.count(BOX), sides.count(BOX - 1)) == (9_997, 3)
    centres = np.array([centre_of_mass(image) for image in mnist_test.images])
    assert np.abs(centres - CENTRE).max() < 0.52


def test_mnist_itself_passes_unchanged(mnist_test):
    assert all(is_mnist_form(image) for image in mnist_test.images)
    for image in mnist_test.images[:50]:
        np.testing.assert_array_equal(normalize(image).image, image)


def test_an_inverted_or_moved_digit_is_not_taken_for_mnists_form(mnist_test):
    image = mnist_test.images[0]
    assert not is_mnist_form(255 - image)
    assert not is_mnist_form(np.roll(image, 3, axis=1))
    assert not is_mnist_form(np.zeros((28, 28), np.uint8))
    assert not is_mnist_form(np.zeros((29, 28), np.uint8))


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 9_999),
    st.integers(100, 300),
    st.integers(0, 120),
    st.integers(0, 120),
    st.tuples(st.integers(0, 255), st.integers(0, 255)).filter(lambda pair: abs(pair[0] - pair[1]) > 60),
)
def test_what_comes_out_has_mnists_form(mnist_test, index, side, left, top, greys):
    ink, paper = greys
    digit = np.asarray(Image.fromarray(mnist_test.images[index]).resize((side, side), Image.Resampling.BICUBIC)) / 255
    page = np.zeros((side + 150, side + 150))
    page[top : top + side, left : left + side] = digit
    image = normalize(np.rint(paper + (ink - paper) * page).astype(np.uint8)).image
    assert image.shape == (28, 28)
    assert image.max() == 255
    assert max(ink_box(image)) <= BOX
    assert np.abs(np.array(centre_of_mass(image)) - CENTRE).max() <= 0.51


def test_dark_on_light_and_light_on_dark_give_the_same_image(mnist_test):
    digit = np.asarray(Image.fromarray(mnist_test.images[3]).resize((140, 140), Image.Resampling.BICUBIC))
    np.testing.assert_array_equal(normalize(digit).image, normalize(255 - digit).image)


def test_the_ground_is_found_under_light_from_one_side():
    light = np.rint(np.linspace(200, 120, 100)[None, :] + np.linspace(0, 30, 80)[:, None]).astype(np.uint8)
    page = light.copy()
    page[30:50, 40:60] = 10
    page[:20, 30:34] = 10
    np.testing.assert_allclose(plane_ground(page), light, atol=1.5)
    ink = find_ink(page)
    assert ink[40, 50] >= 250
    assert (ink[60:] == 0).all()


@pytest.mark.parametrize(
    "page", [np.zeros((1, 1)), np.full((28, 28), 255), np.full((300, 200), 90), np.tile([100, 110], (50, 25))]
)
def test_a_blank_page_is_told(page):
    with pytest.raises(BlankPictureError, match="no ink"):
        normalize(page.astype(np.uint8))


def test_otsu_separates_two_greys():
    assert 40 <= otsu(np.bincount([40] * 70 + [200] * 30, minlength=256)) < 200


def test_fitting_keeps_proportions_and_fills_twenty_pixels():
    assert fitted(np.full((100, 40), 90, np.uint8)).shape == (20, 8)
    assert fitted(np.full((7, 5), 90, np.uint8)).shape == (20, 14)
    assert fitted(np.full((1, 400), 90, np.uint8)).shape == (1, 20)
    assert fitted(np.full((100, 40), 90, np.uint8)).max() == 255


def test_centring_moves_by_whole_pixels_and_never_leaves_the_frame():
    ink = np.zeros((20, 20), np.uint8)
    ink[0, 0] = 255
    assert centred(ink)[14, 14] == 0
    assert centred(ink)[8, 8] == 255  # as far as the frame of 28 allows


GROUNDS = {"white": (0, 255), "black": (255, 0), "grey paper": (20, 150), "chalk": (230, 100)}


@pytest.mark.parametrize("ground_name", GROUNDS)
def test_drawn_out_test_images_keep_their_answer(mnist_test, ground_name):
    """The bar of the skeleton: 280 x 280, inverted, shifted, on grey: at least 99.5 % of 1,000 keep their answer."""
    ink, paper = GROUNDS[ground_name]
    draw = np.random.default_rng(sorted(GROUNDS).index(ground_name))
    images = mnist_test.images[:1000]
    seen = []
    for image in images:
        digit = np.asarray(Image.fromarray(image).resize((280, 280), Image.Resampling.BICUBIC)) / 255
        rows, columns = np.nonzero(digit > 0.01)
        down = draw.integers(-min(rows.min(), 40), min(279 - rows.max(), 40) + 1)
        right = draw.integers(-min(columns.min(), 40), min(279 - columns.max(), 40) + 1)
        page = np.roll(digit, (down, right), axis=(0, 1))
        seen.append(normalize(np.rint(paper + (ink - paper) * page).astype(np.uint8)).image)
    with Predictor() as predictor:
        expected = predictor.predict_array(images).argmax(axis=1)
        found = predictor.predict_array(np.stack(seen)).argmax(axis=1)
    assert (found == expected).mean() >= 0.995
