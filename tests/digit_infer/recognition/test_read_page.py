import contextlib

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from digit_infer import Predictor
from digit_infer.errors import UnreadablePictureError, UsageError
from digit_infer.image.mnist_form import Box
from digit_infer.image.page import MOST
from digit_infer.recognition.read_page import MOST_IMAGES, MOST_OF_ONE, _Page, _parts, read_page


@pytest.fixture(scope="module")
def predictor():
    with Predictor() as predictor:
        yield predictor


def written(mnist_test, rows, *, gap=14, height=100, width=700, top=25):
    """Write test images, named by their numbers, in lines: float64 [H, W], 1 = ink; and say what stands there."""
    ink = np.zeros((height * len(rows) + top, width))
    lines = []
    for line, numbers in enumerate(rows):
        left = 30
        for number in numbers:
            digit = np.asarray(Image.fromarray(mnist_test.images[number]).resize((64, 64), Image.Resampling.BICUBIC)) / 255
            where = np.nonzero(digit > 0.3)
            digit = digit[where[0].min() : where[0].max() + 1, where[1].min() : where[1].max() + 1]
            place = ink[top + height * line :, left:][: digit.shape[0], : digit.shape[1]]
            np.maximum(place, digit, out=place)
            left += digit.shape[1] + gap
        lines.append("".join(str(mnist_test.labels[number]) for number in numbers))
    return ink, "\n".join(lines)


def on_paper(ink, *, paper=215.0, pen=60.0, shade=0.0):
    ground = paper - shade * np.linspace(0, 1, ink.shape[1])[None, :]
    return np.rint(ground + (pen - ground) * ink).astype(np.uint8)


ROWS = (range(6), range(10, 16), range(20, 24))


@pytest.mark.parametrize(("paper", "pen", "shade"), [(255, 0, 0), (215, 90, 80), (0, 255, 0), (60, 200, 0)])
def test_lines_are_read_in_any_light(predictor, mnist_test, paper, pen, shade):
    ink, expected = written(mnist_test, ROWS)
    reading = predictor.read(on_paper(ink, paper=paper, pen=pen, shade=shade))
    assert reading.text == expected
    assert reading.turned == 0
    assert [digit.line for digit in reading.digits] == [0] * 6 + [1] * 6 + [2] * 4


@pytest.mark.parametrize("turns", [1, 3])
def test_a_page_on_its_side_is_turned_and_its_boxes_lie_where_the_ink_is(predictor, mnist_test, turns):
    ink, expected = written(mnist_test, ROWS)
    page = on_paper(ink)
    upright, turned = predictor.read(page), predictor.read(np.rot90(page, turns))
    assert turned.text == expected
    assert turned.turned == (360 - 90 * turns)
    covered = np.zeros(turned.grey.shape, np.bool_)
    for digit in turned.digits:
        covered[digit.box.top : digit.box.bottom, digit.box.left : digit.box.right] = True
    assert (turned.grey[~covered] > 150).all(), "ink outside of the boxes"
    areas = [
        sorted((digit.box.right - digit.box.left) * (digit.box.bottom - digit.box.top) for digit in one.digits)
        for one in (upright, turned)
    ]
    assert areas[0] == areas[1]


def test_a_large_page_is_read_at_a_half_and_its_boxes_lie_on_the_whole(predictor, mnist_test):
    ink, expected = written(mnist_test, ROWS)
    page = on_paper(ink)
    large = np.pad(page, ((0, 901 - page.shape[0]), (0, 1_201 - page.shape[1])), constant_values=page[0, 0])
    reading, small = predictor.read(large), predictor.read(page)
    assert (reading.text, reading.grey.shape) == (expected, large.shape)
    for digit, other in zip(reading.digits, small.digits, strict=True):
        assert digit.box.left % 2 == digit.box.top % 2 == 0
        for side in ("left", "top", "right", "bottom"):
            assert abs(getattr(digit.box, side) - getattr(other.box, side)) <= 2


def test_digits_that_touch_are_cut(predictor, mnist_test):
    read = []
    for start in range(0, 60, 3):
        ink, expected = written(mnist_test, [range(start, start + 3)], gap=-1)
        read.append(predictor.read(on_paper(ink)).text == expected)
    assert sum(read) >= 0.6 * len(read)


def test_a_broken_five_is_one_digit(predictor, mnist_test):
    five = int(np.flatnonzero(mnist_test.labels == 5)[0])
    ink, expected = written(mnist_test, [(five, 0, 1)])
    stroke = ink[:, 30:80]  # the five's own
    stroke[34:37] = 0
    assert predictor.read(on_paper(ink)).text == expected


@pytest.mark.parametrize("height", [20, 60])
def test_a_line_that_is_cropped_to_its_digits_is_read(predictor, mnist_test, height):
    read = 0
    for first in range(0, 200, 5):
        ink = np.hstack(
            [np.pad(image[:, image.any(axis=0)], ((0, 0), (0, 5))) for image in mnist_test.images[first : first + 5]]
        )
        rows, columns = ink.any(axis=1).nonzero()[0], ink.any(axis=0).nonzero()[0]
        line = Image.fromarray(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
        line = line.resize((line.width * height // line.height, height), Image.Resampling.BICUBIC)
        read += predictor.read(line).text == "".join(map(str, mnist_test.labels[first : first + 5]))
    assert read >= 34  # of 40; where all that reaches an edge is left out, about 15


@pytest.mark.parametrize("grey", [60, 170])
def test_a_digit_that_crosses_a_line_from_edge_to_edge_is_not_left_out(predictor, mnist_test, grey):
    ink, expected = written(mnist_test, [range(6)])
    columns = (ink.max(axis=0) > 0.3).astype(int)
    left, right = np.flatnonzero(np.diff(columns))[4:6] + 1
    foot = np.flatnonzero(ink.max(axis=1) > 0.5)[-1]
    own_foot = np.flatnonzero(ink[:, left:right].max(axis=1) > 0.5)[-1]
    ink[:, left:right] = np.roll(ink[:, left:right], foot + 6 - own_foot, axis=0)
    page = on_paper(ink, paper=245, pen=40)
    page[foot + 4 : foot + 6] = np.minimum(page[foot + 4 : foot + 6], grey)
    assert predictor.read(page).text == expected


def test_specks_ruled_lines_and_shadows_at_the_edge_are_no_digits(predictor, mnist_test):
    ink, expected = written(mnist_test, [range(5)])
    ink[-12:-10] = 1
    ink[8:11, 300:303] = 1
    ink[:18, -40:] = 1
    assert predictor.read(on_paper(ink)).text == expected


@pytest.mark.parametrize(
    ("kind", "sign"),
    [
        *(("slash", "/"), ("point", "."), ("comma", ","), ("hyphen", "-"), ("equals", "="), ("bracket", "(")),
        *(("plus", "?"), ("cross", "?"), ("dollar", "?")),
    ],
)
def test_a_sign_between_digits_is_told_with_its_place(predictor, mnist_test, kind, sign):
    ink, expected = written(mnist_test, [(0, 1, 10, 3)], gap=40)
    middle = np.flatnonzero(ink[:, :300].any(axis=0))
    left = int(middle[np.flatnonzero(np.diff(middle) > 20)[1]]) + 10  # after the second digit
    strokes = {
        "slash": [(left + 18, 10, left + 2, 84)],
        "point": [(left + 9, 68, left + 11, 68)],
        "comma": [(left + 11, 66, left + 8, 80)],
        "hyphen": [(left, 48, left + 20, 48)],
        "equals": [(left, 42, left + 20, 42), (left, 58, left + 20, 58)],
        "bracket": [(left + 16, 12, left + 6, 30), (left + 6, 30, left + 6, 62), (left + 6, 62, left + 16, 82)],
        "plus": [(left - 4, 48, left + 24, 48), (left + 10, 34, left + 10, 62)],
        "cross": [(left - 2, 36, left + 22, 60), (left + 22, 36, left - 2, 60)],
        "dollar": [
            *((left + 22, 28, left + 2, 28), (left + 2, 28, left, 46), (left, 46, left + 20, 50)),  # a five
            *((left + 20, 50, left + 20, 68), (left + 20, 68, left - 2, 68), (left + 11, 16, left + 11, 80)),
        ],
    }[kind]
    sheet = Image.fromarray((ink * 255).astype(np.uint8))
    for stroke in strokes:
        ImageDraw.Draw(sheet).line(stroke, 255, 6)
    reading = predictor.read(on_paper(np.asarray(sheet) / 255))
    assert reading.text == expected
    assert reading.written.replace(" ", "") == expected[:2] + sign + expected[2:]
    [found] = [one for one in reading.signs if one.text == sign]
    assert left - 6 <= found.box.left < found.box.right <= left + 30


def test_a_number_beside_an_unknown_sign_is_no_writing_and_a_dollar_sign_is_no_five(predictor, mnist_test):
    ink, expected = written(mnist_test, [range(3)], gap=60)
    columns = np.flatnonzero(ink.any(axis=0))
    left = int(columns[np.flatnonzero(np.diff(columns) > 20)[0]]) + 14  # after the first digit
    sheet = Image.fromarray((np.pad(ink, ((20, 20), (80, 0))) * 255).astype(np.uint8))
    draw = ImageDraw.Draw(sheet)
    for x in (left + 80, left + 110):  # a cross
        draw.line((x, 50, 2 * left + 190 - x, 80), 255, 6)
    draw.arc((20, 52, 56, 82), 100, 350, 255, 6)
    draw.arc((20, 76, 56, 106), -80, 170, 255, 6)
    draw.line((38, 34, 38, 122), 255, 6)
    reading = predictor.read(on_paper(np.asarray(sheet) / 255))
    assert reading.text == expected
    assert reading.written.replace(" ", "") == f"?{expected[0]}?{expected[1:]}"


def test_a_gap_between_two_numbers_is_told(predictor, mnist_test):
    ink, expected = written(mnist_test, [(0, 1, 2, 3)])
    columns = np.flatnonzero(ink.any(axis=0))
    middle = int(columns[np.flatnonzero(np.diff(columns) > 8)[1]]) + 4  # after the second digit
    wide = np.insert(ink, [middle] * 80, 0, axis=1)
    reading = predictor.read(on_paper(wide))
    assert (reading.text, len(reading.written.split())) == (expected, 2)


def test_a_printed_label_is_left_out_and_told(predictor, mnist_test):
    ink, expected = written(mnist_test, [range(4)])
    sheet = Image.fromarray((np.pad(ink, ((0, 0), (160, 0))) * 255).astype(np.uint8))
    ImageDraw.Draw(sheet).text((20, 42), "Total:", 255, ImageFont.load_default(40))
    reading = predictor.read(on_paper(np.asarray(sheet) / 255))
    assert reading.text == expected
    assert reading.signs[0].text == "~"
    assert reading.signs[0].box.right < 180


@pytest.mark.parametrize("degrees", [-25, -12, 12, 25])
def test_lines_that_lie_askew_are_levelled_and_their_boxes_lie_on_the_page(predictor, mnist_test, degrees):
    ink, expected = written(mnist_test, ROWS)
    page = Image.fromarray(on_paper(ink)).rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=215)
    reading = predictor.read(page)
    assert reading.text == expected
    for digit in reading.digits:
        assert np.asarray(page)[digit.box.top : digit.box.bottom, digit.box.left : digit.box.right].min() < 120


def test_a_table_is_read_cell_by_cell_and_an_empty_cell_is_a_gap(predictor, mnist_test):
    sheet = Image.new("L", (500, 400))
    for number in range(4):
        ImageDraw.Draw(sheet).line((40, 40 + 100 * number, 440, 40 + 100 * number), 255, 3)
    for number in range(5):
        ImageDraw.Draw(sheet).line((40 + 100 * number, 40, 40 + 100 * number, 340), 255, 3)
    rows = [(0, 1, None, 3), (None, 2, 10, 3), (5, None, None, 6)]
    for row, numbers in enumerate(rows):
        for column, number in enumerate(numbers):
            if number is not None:
                digit = Image.fromarray(mnist_test.images[number]).resize((70, 70), Image.Resampling.BICUBIC)
                sheet.paste(255, (55 + 100 * column, 55 + 100 * row), digit)
    reading = predictor.read(on_paper(np.asarray(sheet) / 255))
    expected = ["".join(str(mnist_test.labels[number]) for number in row if number is not None) for row in rows]
    assert reading.text.split("\n") == expected
    empty = [sign.box for sign in reading.signs if sign.text == " " and sign.box.width > 80 and sign.box.height > 80]
    assert len(empty) == 4


def test_a_single_digit_is_a_reading_of_one(predictor, examples):
    reading = predictor.read(examples / "seven.png")
    assert reading.text == "7"
    assert reading.confidence == reading.digits[0].prediction.confidence


def test_a_blank_page_holds_nothing_and_specks_are_an_error(predictor):
    blank = predictor.read(np.full((200, 300), 200, np.uint8))
    assert (blank.text, blank.digits, blank.confidence) == ("", (), 0)
    rng = np.random.default_rng(0)
    specks = np.kron(rng.random((200, 200)) < 0.12, np.ones((5, 5))) * 255
    with pytest.raises(UnreadablePictureError, match=f"more than {MOST:,} digits would"):
        predictor.read(specks.astype(np.uint8))


def test_a_closed_predictor_reads_nothing(examples):
    predictor = Predictor()
    predictor.close()
    with pytest.raises(UsageError, match="closed"):
        predictor.read(examples / "seven.png")


def test_the_bar_beside_a_five_belongs_to_it(predictor, mnist_test):
    five = int(np.flatnonzero(mnist_test.labels == 5)[0])
    ink, expected = written(mnist_test, [(five, 0, 1)])
    alone = np.flatnonzero(ink[:, :90].any(axis=0))[-1] - 12
    ink[25:45, alone : alone + 3] = 0
    reading = predictor.read(on_paper(ink))
    assert len(reading.digits) == len(expected)
    assert reading.text[-2:] == expected[-2:]


def textures(side):
    """Pictures that fall into as many pieces as can be."""
    rows, columns = np.mgrid[:side, :side]
    draw = np.random.default_rng(0)
    return {
        "noise": draw.integers(0, 256, (side, side)),
        "checks": (rows + columns) % 2 * 255,
        "rings": np.maximum(abs(rows - side // 2), abs(columns - side // 2)) // 4 % 2 * 255,
        "lines": np.where(rows % 20 < 3, 0, 255),
        "words": np.where((rows % 60 < 20) & (columns % 60 < 14), 0, 255),
        "dust": np.where(draw.random((side, side)) < 0.02, 0, 255),
    }


@pytest.mark.parametrize("name", ["noise", "checks", "rings", "lines", "words", "dust"])
def test_the_work_for_a_texture_is_bounded(predictor, name):
    asked = 0

    def answer(images):
        nonlocal asked
        asked += len(images)
        return predictor._predictions(images)

    with contextlib.suppress(UnreadablePictureError):
        read_page(answer, predictor._mark, textures(1_023 if name == "rings" else 2_047)[name].astype(np.uint8))
    assert asked <= MOST_IMAGES + MOST_OF_ONE * 4


def test_boxes_of_a_page_that_was_halved_lie_within_it():
    page = _Page([[(Box(590, 290, 601, 301), None, "?")]], 0, [], 0.0, (301, 601))
    (sign,) = _parts(page, (301, 601), (601, 1201))
    assert sign.box == Box(1180, 580, 1201, 601)
