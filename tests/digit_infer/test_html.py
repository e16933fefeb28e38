"""What notebooks show of predictions and readings: well-formed, small, self-contained, without scripts."""

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from digit_infer import Predictor
from digit_infer.image.mnist_form import Box
from digit_infer.prediction import Prediction
from digit_infer.reading import ReadDigit, Reading


class Elements(HTMLParser):
    """Collects elements and text, and asserts that each is closed."""

    def __init__(self, html):
        super().__init__()
        self.started, self.open, self.text = [], [], ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.started.append((tag, dict(attributes)))
        if tag not in ("br", "img"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.started.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def pictures(self):
        sources = [attributes["src"] for tag, attributes in self.started if tag == "img"]
        return [Image.open(io.BytesIO(base64.b64decode(source.partition("base64,")[2]))) for source in sources]


def only_local(html):
    return not re.search(r"<script|javascript:|https?://|\bon\w+=|@import|url\(", html, re.IGNORECASE)


@pytest.fixture(scope="module")
def predictor():
    with Predictor() as opened:
        yield opened


def test_prediction_shows_its_image_and_ten_bars(predictor, examples):
    prediction = predictor.predict(examples / "seven.png")
    html = prediction._repr_html_()
    shown = Elements(html)
    assert only_local(html)
    assert len(html) < 5_000
    assert shown.text.startswith(f"7, confidence {100 * prediction.confidence:.2f} %")
    (image,) = shown.pictures()
    np.testing.assert_array_equal(255 - np.asarray(image), prediction.image)
    bars = [attributes for tag, attributes in shown.started if tag == "rect"]
    assert len(bars) == 10
    assert max(range(10), key=lambda digit: float(bars[digit]["width"])) == 7


def test_prediction_of_no_digit_says_so(predictor):
    html = predictor.predict(np.full((60, 60), 255, np.uint8))._repr_html_()
    assert "(no digit found)" in Elements(html).text


def test_reading_shows_the_page_and_every_digit(predictor, examples):
    reading = predictor.read(examples / "seven.png")
    html = reading._repr_html_()
    shown = Elements(html)
    assert only_local(html)
    page, *digits = shown.pictures()
    assert max(page.size) <= 640
    assert len(digits) == len(reading.digits) == 1
    assert shown.text.startswith("7")


def test_reading_without_digits_says_so():
    shown = Elements(Reading((), 0, np.full((40, 60), 255, np.uint8))._repr_html_())
    assert "no digits found" in shown.text


def test_reading_of_a_thousand_digits_on_a_large_noisy_page_stays_small():
    draw = np.random.default_rng(0)
    grey = draw.integers(0, 256, (2_000, 1_500), np.uint8)
    image = draw.integers(0, 256, (28, 28), np.uint8)
    prediction = Prediction.of(np.full(10, 0.1, np.float32), image)
    html = Reading(tuple(ReadDigit(Box(9, 9, 37, 37), n, prediction) for n in range(1_000)), 0, grey)._repr_html_()
    assert "and 900 more" in html
    assert len(html) < 600_000
