"""The plain look: exact on even backgrounds, from a few pixels to millions, and in doubt elsewhere."""

from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from digit_infer import Predictor
from digit_infer.image.mnist_form import BOX, CENTRE, box_in_mnist_form
from digit_infer.image.plain_look import border_plane, otsu, plain_ink, plain_look

SIDE = 200


def seven(side=SIDE, pen=9, paper=230, ink=40):
    """Return a seven of a third by a half of the page."""
    page = Image.new("L", (side, side), paper)
    corners = [(0.35 * side, 0.25 * side), (0.65 * side, 0.25 * side), (0.475 * side, 0.75 * side)]
    ImageDraw.Draw(page).line(corners, ink, pen)
    return np.asarray(page)


def test_mnists_own_images_are_taken_as_they_are(mnist_test):
    for image in mnist_test.images[:50]:
        look = plain_look(image)
        assert look.by == "given"
        assert look.is_even
        np.testing.assert_array_equal(look.whole.image, image)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 9_999),
    st.integers(40, 300),
    st.integers(0, 120),
    st.integers(0, 120),
    st.tuples(st.integers(0, 255), st.integers(0, 255)).filter(lambda pair: abs(pair[0] - pair[1]) > 60),
)
def test_what_comes_out_has_mnists_form(mnist_test, index, side, left, top, greys):
    ink, paper = greys
    digit = np.asarray(Image.fromarray(mnist_test.images[index]).resize((side, side), Image.Resampling.BICUBIC)) / 255
    page = np.zeros((side + 150, side + 150))
    page[top : top + side, left : left + side] = digit
    image = plain_look(np.rint(paper + (ink - paper) * page).astype(np.uint8)).whole.image
    rows, columns = np.nonzero(image)
    assert image.max() == 255
    assert max(np.ptp(rows), np.ptp(columns)) + 1 <= BOX
    weights = image.sum(axis=1, dtype=float)
    assert abs((weights * (np.arange(28) + 0.5)).sum() / weights.sum() - CENTRE) <= 0.51


@pytest.mark.parametrize("side", [60, 200, 400])
def test_dark_on_light_and_light_on_dark_give_the_same_image(mnist_test, side):
    digit = np.asarray(Image.fromarray(mnist_test.images[3]).resize((side, side), Image.Resampling.BICUBIC))
    one, other = (plain_look(grey) for grey in (np.pad(digit, 20), np.pad(255 - digit, 20, constant_values=255)))
    assert np.abs(one.whole.image.astype(int) - other.whole.image).max() <= 1
    assert one.is_even
    assert other.is_even


@pytest.mark.parametrize("side", [60, 90, 130, 190, 400, 1_000])
@pytest.mark.parametrize("inverted", [False, True])
def test_a_pen_of_one_pixel_is_seen(side, inverted):
    grey = seven(side, 1, 255, 0)
    look = plain_look(255 - grey if inverted else grey)
    box = look.whole.box
    assert abs((box.bottom - box.top) - side / 2) <= max(4, side / 50)
    assert box_in_mnist_form(look.whole.image)


@pytest.mark.parametrize("side", [8, 10, 14])
def test_the_smallest_digits_are_seen(mnist_test, side):
    small = np.asarray(Image.fromarray(mnist_test.images[0]).resize((side, side), Image.Resampling.BOX))
    assert plain_look(small).whole.image.any()


def test_the_background_is_found_under_light_from_one_side():
    light = np.rint(np.linspace(200, 120, 100)[None, :] + np.linspace(0, 30, 80)[:, None]).astype(np.uint8)
    page = light.copy()
    page[30:50, 40:60] = 10
    page[:20, 30:34] = 10  # reaches the border
    np.testing.assert_allclose(border_plane(page).at((80, 100)), light, atol=1.5)
    look = plain_look(page)
    assert (look.whole.box.left, look.whole.box.top, look.whole.box.right, look.whole.box.bottom) == (40, 30, 60, 50)


@pytest.mark.parametrize(
    "page", [np.zeros((1, 1)), np.full((28, 28), 255), np.full((300, 200), 90), np.tile([100, 110], (50, 25))]
)
def test_a_blank_page_holds_nothing(page):
    assert plain_look(page.astype(np.uint8)) is None


@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (3, 3), (2, 90), (90, 3)])
def test_the_smallest_pictures_have_ink_or_none(shape):
    draw = np.random.default_rng(0)
    for _ in range(30):
        look = plain_look(draw.integers(0, 2, shape).astype(np.uint8) * 200)
        assert look is None or look.whole.image.shape == (28, 28)


def test_otsu_separates_two_greys():
    assert 40 <= otsu(np.bincount([40] * 70 + [200] * 30, minlength=256)) < 200


def test_otsu_of_one_grey_is_no_error():
    assert otsu(np.bincount([7] * 10, minlength=256)) == 0


def _shaded(grey):
    return np.where(np.arange(SIDE) > 90, grey * 0.6, grey).astype(np.uint8)


def _framed(grey):
    page = Image.fromarray(grey)
    ImageDraw.Draw(page).rectangle([40, 25, 165, 180], outline=40, width=3)
    return np.asarray(page)


def _ruled(grey):
    lines = grey.copy()
    lines[15::30] = np.minimum(lines[15::30], 100)
    return lines


def _badge(grey):
    page = Image.new("L", (SIDE, SIDE), 250)
    ImageDraw.Draw(page).ellipse([20, 20, 180, 180], fill=60)
    return np.where(grey < 100, 250, np.asarray(page)).astype(np.uint8)


@pytest.mark.parametrize("spoil", [_shaded, _ruled, _badge])
def test_what_is_not_clean_is_doubted(spoil):
    assert plain_look(seven()).is_even
    spoiled = np.ascontiguousarray(spoil(seven()))
    assert not plain_look(spoiled).is_even
    assert plain_look(spoiled, even=True) is None


def test_a_frame_is_left_out_and_does_not_spoil():
    look = plain_look(_framed(seven()))
    assert look.is_even
    assert (look.whole.box.left, look.whole.box.top) > (45, 30)


def test_dust_is_left_out_and_does_not_spoil():
    page = Image.fromarray(seven())
    for place in ((15, 15), (160, 30)):
        ImageDraw.Draw(page).point([place], 40)
    look = plain_look(np.asarray(page))
    assert look.is_even
    assert look.whole.box.left > 60


GREYS = {"white": (0, 255), "black": (255, 0), "grey paper": (20, 150), "chalk": (230, 100)}


@pytest.mark.parametrize("name", GREYS)
def test_drawn_out_test_images_keep_their_answer(mnist_test, name):
    """280 x 280, inverted, shifted, on grey: at least 99.5 % of 1,000 keep their answer."""
    ink, paper = GREYS[name]
    draw = np.random.default_rng(sorted(GREYS).index(name))
    images = mnist_test.images[:1000]
    seen = []
    for image in images:
        digit = np.asarray(Image.fromarray(image).resize((280, 280), Image.Resampling.BICUBIC)) / 255
        rows, columns = np.nonzero(digit > 0.01)
        down = draw.integers(-min(rows.min(), 40), min(279 - rows.max(), 40) + 1)
        right = draw.integers(-min(columns.min(), 40), min(279 - columns.max(), 40) + 1)
        page = np.roll(digit, (down, right), axis=(0, 1))
        seen.append(plain_look(np.rint(paper + (ink - paper) * page).astype(np.uint8)).whole.image)
    with Predictor() as predictor:
        expected = predictor.predict_array(images).argmax(axis=1)
        found = predictor.predict_array(np.stack(seen)).argmax(axis=1)
    assert (found == expected).mean() >= 0.995


def test_jpegs_ringing_around_strokes_does_not_make_a_page_uneven():
    page = Image.new("L", (1600, 1200), 225)
    for row in range(8):
        for column in range(12):
            page.paste(Image.fromarray(seven(48, 4, 225, 30)), (40 + 125 * column, 40 + 140 * row))
    file = BytesIO()
    page.save(file, "JPEG", quality=80)
    grey = np.asarray(Image.open(file))
    assert (grey > 225 + 12).any(), "there is ringing"
    assert plain_ink(grey)[1] is not None
    assert plain_ink(np.maximum(grey, np.uint8(255) * (np.arange(1600) < 40)))[1] is None, "a white strip is no ringing"
