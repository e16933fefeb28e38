"""Digits that are large on their picture: strokes so broad that a ground which bends would follow them."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from digit_infer import Predictor

NUMBERS = range(20)


@pytest.fixture(scope="module")
def predictor():
    with Predictor() as predictor:
        yield predictor


def large(image, height=200):
    """Return a test image's ink alone, so many pixels high, with sharp edges: float64 [H, W], 1 = ink."""
    rows, columns = np.nonzero(image > 40)
    ink = Image.fromarray(image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1])
    wide = max(1, round(ink.width * height / ink.height))
    return np.clip(np.asarray(ink.resize((wide, height), Image.Resampling.BICUBIC)) / 85 - 1, 0, 1)


def on_paper(ink, paper=215, pen=60):
    return np.rint(paper + (pen - paper) * ink).astype(np.uint8)


@pytest.mark.parametrize("margin", [4, 30, 80])
@pytest.mark.parametrize(("paper", "pen"), [(215, 60), (30, 220)])
def test_a_digit_that_fills_the_picture_is_a_reading_of_one(predictor, mnist_test, margin, paper, pen):
    for number in NUMBERS:
        page = on_paper(np.pad(large(mnist_test.images[number]), margin), paper, pen)
        assert predictor.read(page).text == str(mnist_test.labels[number])


@pytest.mark.parametrize("count", [2, 3, 5])
def test_a_row_that_fills_the_picture(predictor, mnist_test, count):
    for first in range(0, 20, 5):
        numbers = range(first, first + count)
        row = np.concatenate([np.pad(large(mnist_test.images[number]), ((12, 12), (14, 14))) for number in numbers], axis=1)
        expected = "".join(str(mnist_test.labels[number]) for number in numbers)
        assert predictor.read(on_paper(row)).text == expected


def test_a_row_under_a_lamp(predictor, mnist_test):
    row = np.concatenate([np.pad(large(mnist_test.images[number], 60), 16) for number in range(8)], axis=1)
    down, across = np.mgrid[-1 : 1 : row.shape[0] * 1j, -1 : 1 : row.shape[1] * 1j]
    page = (1 - 0.25 * (down**2 + across**2)) * on_paper(row, 230)
    assert predictor.read(page.astype(np.uint8)).text == "72104149"


def test_circles_around_digits_are_not_read(predictor, mnist_test):
    row = np.concatenate(
        [np.pad(large(mnist_test.images[number], 70), ((40, 40), (45, 45))) for number in range(4)], axis=1
    )
    page = Image.fromarray(on_paper(row))
    edges = np.cumsum([0, *(large(mnist_test.images[number], 70).shape[1] + 90 for number in range(4))])
    for number in (0, 3):
        middle = (edges[number] + edges[number + 1]) / 2
        ImageDraw.Draw(page).ellipse((middle - 60, 15, middle + 60, 135), outline=90, width=4)
    assert predictor.read(page).text == "7210"
    alone = page.crop((0, 0, int(edges[1]), page.height))
    assert (predictor.read(alone).text, predictor.predict(alone).digit) == ("7", 7)


def over_one_another(mnist_test, numbers, gap):
    inks = [large(mnist_test.images[number], 80) for number in numbers]
    wide = max(ink.shape[1] for ink in inks)
    return np.concatenate([np.pad(ink, ((0, gap), (0, wide - ink.shape[1]))) for ink in inks])


@pytest.mark.parametrize("gap", [12, 24])
@pytest.mark.parametrize("count", [2, 3])
def test_digits_over_one_another_are_lines_and_not_one_digit(predictor, mnist_test, count, gap):
    for first in range(10):
        numbers = range(first, first + count)
        page = on_paper(np.pad(over_one_another(mnist_test, numbers, gap), 20))
        assert predictor.read(page).text == "\n".join(str(mnist_test.labels[number]) for number in numbers)


@pytest.mark.parametrize("share", [0.42, 0.5, 0.6])
def test_a_zero_with_a_stroke_through_it_is_no_circle_around_a_one(predictor, mnist_test, share):
    for number in np.flatnonzero(mnist_test.labels == 0)[:8]:
        drawn = Image.fromarray(np.rint(255 * np.pad(large(mnist_test.images[number]), 20)).astype(np.uint8))
        across, down, reach = drawn.width / 2, drawn.height / 2, share * 100
        ImageDraw.Draw(drawn).line((across - reach / 2, down + reach, across + reach / 2, down - reach), 255, 10)
        page = on_paper(np.asarray(drawn) / 255)
        assert (predictor.predict(page).digit, predictor.read(page).text) == (0, "0")


def test_a_circle_may_hold_two_digits(predictor, mnist_test):
    pair = np.concatenate([np.pad(large(mnist_test.images[number], 60), ((60, 60), (6, 6))) for number in (1, 0)], axis=1)
    page = Image.fromarray(on_paper(np.pad(pair, ((0, 0), (60, 60)))))
    middle = page.width / 2
    ImageDraw.Draw(page).ellipse((middle - 80, 10, middle + 80, 170), outline=70, width=4)
    assert predictor.read(page).text == "27"


def test_a_picture_of_very_many_dots_shows_no_digit(predictor):
    dots = np.full((1_200, 1_200), 220, np.uint8)
    for row in range(3):
        for column in range(3):
            dots[row::8, column::8] = 40
    assert predictor.read(dots).text == ""
