import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from digit_infer.image.components import components


def flooded(mask):
    """Return the sets of pixels that hang together, by walking from each to its eight neighbours."""
    left, found = set(map(tuple, np.argwhere(mask).tolist())), []
    while left:
        edge, part = [left.pop()], set()
        while edge:
            row, column = edge.pop()
            part.add((row, column))
            near = {(row + down, column + right) for down in (-1, 0, 1) for right in (-1, 0, 1)} & left
            left -= near
            edge += near
        found.append(frozenset(part))
    return set(found)


def pixels(found, number):
    mask = found.painted(np.arange(len(found)) == number)
    return frozenset(map(tuple, np.argwhere(mask).tolist()))


@settings(max_examples=150, deadline=None)
@given(arrays(np.bool_, st.tuples(st.integers(1, 12), st.integers(1, 12))))
def test_they_are_what_a_walk_from_neighbour_to_neighbour_finds(mask):
    found = components(mask)
    assert {pixels(found, number) for number in range(len(found))} == flooded(mask)
    assert found.areas.sum() == mask.sum()


@pytest.mark.parametrize("turns", range(4))
def test_a_spiral_is_one(turns):
    spiral = np.zeros((41, 41), np.bool_)
    for ring in range(0, 20, 2):
        spiral[ring, ring : 41 - ring] = spiral[ring : 41 - ring, 40 - ring] = spiral[40 - ring, ring : 41 - ring] = True
        spiral[ring + 2 : 41 - ring, ring] = True
        spiral[ring + 2, ring : ring + 2] = True
    found = components(np.rot90(spiral, turns))
    assert found.boxes.tolist() == [[0, 0, 41, 41]]
    assert found.areas.tolist() == [spiral.sum()]


def test_nothing_has_none():
    assert len(components(np.zeros((5, 7), np.bool_))) == 0


def test_a_mask_cut_out_of_a_picture_has_the_same_pieces_at_the_pictures_edge():
    mask = np.zeros((20, 30), np.bool_)
    mask[0:4, 5:9] = mask[10:14, 12:20] = True
    whole, cut = components(mask), components(mask[0:14, 5:20], (-5, 0, 25, 20))
    assert whole.at_edge.tolist() == cut.at_edge.tolist() == [True, False]
    assert (whole.boxes - cut.boxes).tolist() == [[5, 0, 5, 0]] * 2
