"""Which look is believed, on what it rests, and when there are several digits."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from digit_infer import Predictor
from digit_infer.prediction import SEVERAL
from digit_infer.recognition.judge import SURE, judged
from digit_infer.runtimes import RUNTIMES

SIDE = 240


@pytest.fixture(scope="module")
def predictor():
    with Predictor() as predictor:
        yield predictor


def page_of(image, *, size=120, left=60, top=60, paper=235.0, pen=50.0, width=SIDE, height=SIDE):
    """Write a test image on a page: float64 [H, W] in grey levels."""
    page = np.full((height, width), paper)
    digit = np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.BICUBIC)) / 255
    page[top : top + size, left : left + size] += (pen - paper) * np.clip(2 * digit - 0.5, 0, 1)
    return page


def grey(page):
    return np.clip(np.rint(page), 0, 255).astype(np.uint8)


def stretched(image, side):
    """Stretch a test image's digit over a whole picture, as sets of scanned digits hold them."""
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    digit = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return np.asarray(Image.fromarray(digit).resize((side, side), Image.Resampling.HAMMING))


@pytest.mark.parametrize("side", [8, 16, 32])
@pytest.mark.parametrize("is_dark", [False, True])
def test_a_digit_that_fills_a_tiny_picture_is_answered(predictor, mnist_test, side, is_dark):
    pictures = [stretched(image, side) for image in mnist_test.images[:2_000]]
    answers = list(predictor.predict_many([255 - picture if is_dark else picture for picture in pictures]))
    right = [answer.is_digit and answer.digit == label for answer, label in zip(answers, mnist_test.labels, strict=False)]
    assert np.mean(right) >= 0.94


def test_a_tiny_picture_in_uneven_light_is_answered(predictor, mnist_test):
    light = np.linspace(240, 90, 32)[:, None] * np.ones(32)
    pictures = [grey(light * (1 - 0.8 * np.pad(image, 2) / 255)) for image in mnist_test.images[:50]]
    digits = np.array([answer.digit for answer in predictor.predict_many(pictures)])
    assert np.flatnonzero(digits != mnist_test.labels[:50]).tolist() in ([], [8]), "the ninth is an odd 5"


@pytest.mark.parametrize("side", [20, 40, 120])
def test_the_grain_of_blank_paper_is_no_digit(predictor, side):
    draw = np.random.default_rng(4)
    blank = [grey(draw.normal(230, 7, (side, side))) for _ in range(100)]
    assert not any(answer.is_digit for answer in predictor.predict_many(blank))


def test_a_noisy_image_in_mnists_form_is_not_fitted_again(predictor, mnist_test):
    draw = np.random.default_rng(28)
    images = mnist_test.images[:300]
    noisy = np.clip(images + draw.normal(0, 60, images.shape), 0, 255).astype(np.uint8)
    right = [answer.digit == label for answer, label in zip(predictor.predict_many(noisy), mnist_test.labels, strict=False)]
    assert np.mean(right) >= 0.99


def test_a_clean_drawing_is_believed_without_the_network(predictor, mnist_test):
    def mark(pictures):
        raise AssertionError(f"the network was asked about {len(pictures)} pictures")

    from digit_infer.image.plain_look import plain_look

    pages = [grey(page_of(image)) for image in mnist_test.images[:8]]
    answers = judged(pages, [plain_look(page) for page in pages], predictor.predict_array, mark)
    assert [int(answer.probabilities.argmax()) for answer in answers] == mnist_test.labels[:8].tolist()
    assert all(answer.confidence >= SURE for answer in answers)


def shadow(page):
    return page * np.where(np.add.outer(np.arange(SIDE), np.arange(SIDE)) > 230, 0.55, 1)


def table(page):
    rows, columns = np.mgrid[:SIDE, :SIDE]
    return np.where(rows + 0.2 * columns > 215, 60 + 8 * np.sin(columns / 7), page)


def grid(page):
    lined = page.copy()
    lined[::24] = np.minimum(lined[::24], 150)
    lined[:, ::24] = np.minimum(lined[:, ::24], 150)
    return lined


def test_the_network_answers_where_the_background_is_not_even(predictor, mnist_test):
    answers = [predictor.predict(grey(shadow(page_of(image)))) for image in mnist_test.images[:20]]
    assert {answer.look for answer in answers} == {"network"}


@pytest.mark.parametrize("spoil", [shadow, table, grid])
def test_digits_are_found_in_shadow_on_a_table_and_on_squared_paper(predictor, mnist_test, spoil):
    answers = [predictor.predict(grey(spoil(page_of(image)))) for image in mnist_test.images[:20]]
    assert sum(answer.digit == label for answer, label in zip(answers, mnist_test.labels, strict=False)) >= 18


def test_two_digits_are_several_and_none_of_them(predictor, mnist_test):
    several = 0
    for one in range(0, 20, 2):
        left = page_of(mnist_test.images[one], size=90, left=20, top=70)
        both = np.minimum(left, page_of(mnist_test.images[one + 1], size=90, left=130, top=70))
        answer = predictor.predict(grey(both))
        several += answer.several
        assert not (answer.several and answer.is_digit)
        assert (answer.reason == SEVERAL) == answer.several
    assert several >= 8


def test_what_is_drawn_around_a_digit_is_no_digit(predictor, mnist_test):
    right = 0
    for image, label in zip(mnist_test.images[:20], mnist_test.labels, strict=False):
        page = Image.fromarray(grey(page_of(image, size=90, left=75, top=75)))
        ImageDraw.Draw(page).ellipse((45, 45, 195, 195), outline=60, width=5)
        answer = predictor.predict(page)
        right += answer.digit == label and answer.is_digit
    assert right >= 18


def empty_cell(draw):
    page = Image.new("L", (80, 80), 240)
    ImageDraw.Draw(page).rectangle((2, 2, 77, 77), outline=60, width=int(draw.integers(1, 4)))
    return np.asarray(page)


def test_an_empty_cell_is_no_digit(predictor):
    draw = np.random.default_rng(0)
    answers = [predictor.predict(empty_cell(draw)) for _ in range(6)]
    assert not any(answer.is_digit for answer in answers)


def test_a_batch_answers_as_one_by_one_whatever_looks(predictor, mnist_test):
    pages = [
        grey(spoil(page_of(mnist_test.images[number])))
        for number, spoil in enumerate([shadow, lambda page: page, table, grid, lambda page: page])
    ]
    alone = [predictor.predict(page) for page in pages]
    for one, other in zip(alone, predictor.predict_many(pages, batch_size=5), strict=True):
        assert (one.digit, one.look) == (other.digit, other.look)
        np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-4)


@pytest.mark.parametrize("runtime", ["tflite", "onnx-cpu"])
def test_every_runtime_looks_alike(mnist_test, runtime):
    if not RUNTIMES[runtime].availability().available:
        pytest.skip(f"{runtime} is not installed")
    with Predictor(runtime=runtime, precision="float32") as predictor:
        answers = [predictor.predict(grey(shadow(page_of(image)))) for image in mnist_test.images[:5]]
    assert [answer.digit for answer in answers] == mnist_test.labels[:5].tolist()
    assert {answer.look for answer in answers} == {"network"}


def test_a_buffer_may_be_filled_again_while_its_pictures_wait(predictor, mnist_test):
    buffer = np.empty((SIDE, SIDE), np.uint8)

    def filled():
        for image in mnist_test.images[:8]:
            buffer[...] = grey(grid(page_of(image)))
            yield buffer

    answers = list(predictor.predict_many(filled(), batch_size=4))
    assert [answer.digit for answer in answers] == mnist_test.labels[:8].tolist()


@pytest.mark.parametrize("runtime", ["null", "tflm"])
def test_runtimes_without_the_ink_network_say_so(mnist_test, runtime):
    if not RUNTIMES[runtime].availability().available:
        pytest.skip(f"{runtime} is not installed")
    with Predictor(runtime=runtime) as predictor:
        assert not predictor.marks_ink
        assert predictor.predict(grey(grid(page_of(mnist_test.images[0])))).look == "plain"
        assert predictor.predict(np.full((50, 50), 200, np.uint8)).reason is not None


def test_the_explanation_shows_where_the_digit_lies(predictor, mnist_test, tmp_path):
    from digit_infer.recognition.drawing import save_explanation

    page = Image.fromarray(grey(page_of(mnist_test.images[0], size=90, left=75, top=75)))
    ImageDraw.Draw(page).ellipse((45, 45, 195, 195), outline=60, width=5)
    explained = predictor.explain(page)
    assert explained.prediction.digit == 7
    assert (explained.box.left, explained.box.top) > (70, 70)
    save_explanation(tmp_path / "why.png", explained)
    with Image.open(tmp_path / "why.png") as strip:
        assert strip.size == (4 * 296 + 16, 280 + 28 + 32)
        panel = np.asarray(strip.convert("L"))[44:324, 16 + 2 * 296 :][:, :280]
    np.testing.assert_array_equal(panel[5::10, 5::10], explained.prediction.image)


def ring_with(stroke):
    picture = Image.new("L", (SIDE, SIDE), 235)
    pen = ImageDraw.Draw(picture)
    pen.ellipse((75, 50, 165, 190), outline=40, width=7)
    pen.line(stroke, 40, 7)
    return picture


def test_a_stroke_along_the_diagonal_of_its_ring_makes_a_zero_and_an_upright_one_is_a_circled_1(predictor):
    slashed, circled = predictor.predict(ring_with((98, 152, 142, 88))), predictor.predict(ring_with((117, 152, 123, 88)))
    assert (slashed.digit, circled.digit) == (0, 1)


@pytest.mark.parametrize("stroke", [(100, 120, 140, 120), (120, 90, 120, 150), (98, 88, 142, 152)])
def test_a_stroke_that_does_not_rise_is_no_slash(stroke):
    from digit_infer.image.plain_look import plain_look

    look = plain_look(np.asarray(ring_with(stroke)))
    assert look is not None
    assert look.slashed is None


def test_a_slashed_zero_beside_another_digit_is_one_of_several(predictor):
    wide = Image.new("L", (2 * SIDE, SIDE), 235)
    wide.paste(ring_with((98, 152, 142, 88)), (0, 0))
    ImageDraw.Draw(wide).line((320, 100, 320, 140), 40, 7)
    answer = predictor.predict(wide)
    assert answer.reason == SEVERAL
    assert answer.digit == 0


def test_a_stroke_beside_a_ring_is_no_slash():
    from digit_infer.image.plain_look import plain_look

    wide = Image.new("L", (2 * SIDE, SIDE), 235)
    wide.paste(ring_with((117, 130, 123, 80)), (0, 0))
    ImageDraw.Draw(wide).line((320, 180, 370, 60), 40, 9)
    look = plain_look(np.asarray(wide))
    assert look is not None
    assert look.slashed is None
