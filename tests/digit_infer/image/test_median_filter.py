import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image, ImageFilter

from digit_infer.image.median_filter import median_3x3

GREYS = arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12), elements=st.integers(0, 255))


@settings(max_examples=300, deadline=None)
@given(GREYS)
def test_it_is_pillows_filter_to_the_byte(grey):
    expected = np.asarray(Image.fromarray(grey).filter(ImageFilter.MedianFilter(3)))
    np.testing.assert_array_equal(median_3x3(grey), expected)
    np.testing.assert_array_equal(median_3x3(np.asfortranarray(grey)), expected)


def test_a_speck_goes_and_an_edge_stays():
    grey = np.full((9, 9), 200, np.uint8)
    grey[:, 5:] = 30
    speckled = grey.copy()
    speckled[4, 2] = 0
    np.testing.assert_array_equal(median_3x3(speckled), grey)
