"""Of what stands out on a picture, only the digit is ink: known grounds, lines, frames and neighbours."""

from contextlib import suppress

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from digit_infer.errors import BlankPictureError
from digit_infer.image.components import components
from digit_infer.image.ground import closed_ground
from digit_infer.image.ink import find_ink
from digit_infer.image.one_digit import of_one_digit
from digit_infer.image.ruled_lines import without_ruled_lines

SIDE = 200


@pytest.fixture
def seven():
    """A seven of 60 x 100 pixels on white paper, ink 40, and where it is."""
    page = Image.new("L", (SIDE, SIDE), 230)
    ImageDraw.Draw(page).line([(70, 50), (130, 50), (95, 150)], 40, 9)
    grey = np.asarray(page).copy()
    return grey, grey < 100


def covers(ink, digit):
    """Tell whether full ink lies where the digit is, give or take its edges, and nowhere else."""
    found = ink > 127
    grown = np.asarray(Image.fromarray(digit.astype(np.uint8)).filter(ImageFilter.MaxFilter(5))) > 0
    missing = (digit & ~found).sum() / digit.sum()
    return missing < 0.2 and not (found & ~grown).any()


def test_bare_paper(seven):
    grey, digit = seven
    assert covers(find_ink(grey), digit)


@pytest.mark.parametrize("fall", [-6, 0, 7])
def test_lines_that_cross_the_page_go_and_the_digit_stays(seven, fall):
    grey, digit = seven
    lines = np.full((SIDE, SIDE), 255, np.uint8)
    slope = np.rint(fall * np.arange(SIDE) / SIDE).astype(int)
    for start in range(15, SIDE, 30):
        for thickness in range(2):
            lines[np.clip(start + slope + thickness, 0, SIDE - 1), np.arange(SIDE)] = 170
    assert covers(find_ink(np.minimum(grey, lines)), digit)
    assert covers(find_ink(np.minimum(grey, np.minimum(lines, lines.T))), digit)


def test_a_line_as_dark_as_the_ink_does_not_cut_the_stroke_that_crosses_it():
    strength = np.zeros((SIDE, SIDE), np.uint8)
    strength[100:102] = 180
    strength[40:160, 95:105] = 180
    cleared = without_ruled_lines(strength)
    assert (cleared[40:160, 97:103] == 180).all()
    assert not cleared[:, :90].any()


def test_a_stroke_across_half_of_the_page_is_no_ruled_line():
    strength = np.zeros((SIDE, SIDE), np.uint8)
    strength[100:103, 40:160] = 180
    np.testing.assert_array_equal(without_ruled_lines(strength), strength)


@pytest.mark.parametrize("place", [50, 100, 150])
def test_a_hard_shadow_is_no_ink(seven, place):
    grey, digit = seven
    shaded = grey.astype(np.float64)
    shaded[:, place:] *= 0.6
    assert covers(find_ink(shaded.astype(np.uint8)), digit)


def test_paper_on_a_dark_table_is_the_ground(seven):
    grey, digit = seven
    table = np.full((300, 320), 50, np.uint8)
    table[40 : 40 + SIDE, 60 : 60 + SIDE] = grey
    ink = find_ink(table)
    assert covers(ink[40 : 40 + SIDE, 60 : 60 + SIDE], digit)
    ink[40 : 40 + SIDE, 60 : 60 + SIDE] = 0
    assert not ink.any()


@pytest.mark.parametrize("pen", [60, 100, 150, 190])
def test_pale_ink_on_paper_on_a_dark_table_is_ink(seven, pen):
    _, digit = seven
    table = np.full((300, 320), 30, np.uint8)
    table[40 : 40 + SIDE, 60 : 60 + SIDE] = np.where(digit, pen, 240)
    assert covers(find_ink(table)[40 : 40 + SIDE, 60 : 60 + SIDE], digit)


def test_bare_bright_paper_on_a_dark_table_is_not_cut_out():
    table = np.full((300, 320), 30, np.uint8)
    table[40:240, 60:260] = 240
    assert find_ink(table)[140, 160] == 255  # a bright square may be all that was drawn


@pytest.mark.parametrize("soft", [8, 25])
def test_the_soft_edge_of_a_shadow_is_no_ink(seven, soft):
    grey, digit = seven
    edge = np.clip((np.arange(SIDE) - 100) / soft, 0, 1)
    found = find_ink(np.rint(grey * (1 - 0.4 * edge[:, None])).astype(np.uint8))
    assert covers(found, digit)


@pytest.mark.parametrize(
    "mark",
    [
        lambda pen: pen.rectangle([40, 25, 165, 180], outline=40, width=3),
        lambda pen: pen.line([(0, 20), (3, 120)], 40, 8),
        lambda pen: [pen.ellipse([x, 20 + x, x + 3, 23 + x], 40) for x in (15, 30, 160, 170)],
    ],
    ids=["the box of a form", "a neighbour at the edge", "dust"],
)
def test_what_is_no_part_of_the_digit_goes(seven, mark):
    grey, digit = seven
    page = Image.fromarray(grey)
    mark(ImageDraw.Draw(page))
    assert covers(find_ink(np.asarray(page)), digit)


def test_a_broken_stroke_stays():
    ink = np.zeros((SIDE, SIDE), np.uint8)
    ink[50:90, 90:100] = ink[100:150, 90:100] = 255
    np.testing.assert_array_equal(of_one_digit(ink), ink)


def test_a_digit_that_the_picture_was_cropped_to_is_ink_to_its_edges(seven):
    grey, digit = seven
    rows, columns = np.flatnonzero(digit.any(axis=1)), np.flatnonzero(digit.any(axis=0))
    crop = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    found = find_ink(np.ascontiguousarray(grey[crop])) > 127
    assert (found == digit[crop]).mean() > 0.97


def test_the_closed_ground_fills_strokes_and_keeps_steps():
    grey = np.full((60, 80), 200, np.uint8)
    grey[:, 40:] = 90
    written = grey.copy()
    written[20:40, 15:20] = written[20:40, 60:64] = 10
    np.testing.assert_array_equal(closed_ground(written, 11), grey)
    assert (closed_ground(written, 3) < 50).any()


def test_boxes_areas_and_painting_agree_with_the_components_one_by_one():
    mask = np.random.default_rng(0).random((40, 50)) < 0.3
    found = components(mask)
    each = found.each()
    assert [tuple(box) for box in found.boxes] == [(e.box.left, e.box.top, e.box.right, e.box.bottom) for e in each]
    assert found.areas.tolist() == [entry.area for entry in each]
    np.testing.assert_array_equal(found.painted(np.ones(len(found), np.bool_)), mask)
    assert found.painted(np.arange(len(found)) == 3).sum() == found.areas[3]


def test_a_one_from_edge_to_edge_is_no_ruled_line():
    grey = np.full((SIDE, SIDE), 230, np.uint8)
    grey[:, 98:102] = 40
    assert (find_ink(grey)[:, 99:101] > 200).all()


@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (3, 3), (2, 90), (90, 3)])
def test_the_smallest_pictures_have_ink_or_are_blank(shape):
    draw = np.random.default_rng(0)
    for _ in range(30):
        grey = draw.integers(0, 2, shape).astype(np.uint8) * 200
        with suppress(BlankPictureError):
            assert find_ink(grey).shape == shape
