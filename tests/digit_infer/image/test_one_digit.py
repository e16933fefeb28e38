"""Which pieces of a picture's ink are its digit."""

import numpy as np

from digit_infer.image.components import components
from digit_infer.image.one_digit import Place, found_in, picked

SIDE = 200


def chosen_boxes(*boxes):
    """Fill boxes (left, top, right, bottom) on an empty page, and return those that are picked."""
    page = np.zeros((SIDE, SIDE), np.bool_)
    for left, top, right, bottom in boxes:
        page[top:bottom, left:right] = True
    found = components(page)
    pick = picked(found)
    return [] if pick is None else sorted(tuple(box) for box in found.boxes[pick.chosen].tolist())


DIGIT = (80, 60, 120, 140)


def test_a_broken_stroke_stays_together():
    upper, lower = (90, 50, 100, 90), (90, 100, 100, 150)
    assert chosen_boxes(upper, lower) == [upper, lower]


def test_dust_a_neighbour_at_the_edge_and_what_lies_apart_go():
    assert chosen_boxes(DIGIT, (20, 20, 23, 23)) == [DIGIT]
    assert chosen_boxes(DIGIT, (0, 20, 30, 190)) == [DIGIT]
    assert chosen_boxes(DIGIT, (160, 150, 175, 165)) == [DIGIT]


def test_a_digit_that_the_picture_was_cropped_to_is_kept_though_it_reaches_the_edges():
    whole = (0, 0, SIDE, SIDE)
    assert chosen_boxes(whole) == [whole]


def test_slivers_along_the_sides_are_no_digit():
    assert chosen_boxes((0, 0, 6, SIDE), (0, SIDE - 5, SIDE, SIDE)) == []


def test_boxes_areas_and_painting_agree_with_the_components_one_by_one():
    mask = np.random.default_rng(0).random((40, 50)) < 0.3
    found = components(mask)
    for number, (left, top, right, bottom) in enumerate(found.boxes.tolist()):
        alone = found.painted(np.arange(len(found)) == number)
        np.testing.assert_array_equal(alone[top:bottom, left:right], found.own(number))
        assert alone.sum() == found.own(number).sum() == found.areas[number]
    np.testing.assert_array_equal(found.painted(np.ones(len(found), np.bool_)), mask)
    assert found.painted(np.arange(len(found)) == 3).sum() == found.areas[3]


def test_two_of_like_size_are_parts_the_larger_first():
    ink = np.zeros((SIDE, SIDE), np.uint8)
    ink[60:140, 40:60] = 255
    ink[60:140, 120:150] = 255
    look = found_in(ink, ink > 0, "plain", Place(2, 10, 0, 500, 400))
    assert [(part.box.left, part.box.right) for part in look.parts] == [(250, 310), (90, 130)]
    assert look.whole.box.top == 120
