"""Arrays as people hold them: every shape, kind and scale of numbers that is read, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from digit_infer import Prediction, Predictor, Unanswered
from digit_infer.errors import DigitInferError, InvalidArrayError, PictureNotFoundError
from digit_infer.image import decode, scale_of_all, seen


class ByArray:
    """What torch, jax, TensorFlow and pandas offer: ``__array__``, which may fail, as for a tensor on a GPU."""

    def __init__(self, array, error=None):
        self.array, self.error = array, error

    def __array__(self, dtype=None, copy=None):
        if self.error is not None:
            raise self.error
        return self.array


class Frame(ByArray):
    """A data frame of pandas has a method of this name, and is no masked array."""

    def mask(self):
        raise NotImplementedError


class ByDlpack:
    """The other protocol of theirs."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **settings):
        return self.array.__dlpack__(**settings)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


@pytest.fixture(scope="module")
def predictor():
    with Predictor() as predictor:
        yield predictor


def ramp(height=28, width=28):
    return (np.arange(height * width) * 255 // (height * width - 1)).astype(np.uint8).reshape(height, width)


@pytest.mark.parametrize(
    "form",
    [
        lambda a: a[None],
        lambda a: a[..., None],
        lambda a: a[None, None],
        lambda a: a[None, ..., None],
        lambda a: a.ravel(),
        lambda a: a.reshape(1, 784),
        lambda a: a.reshape(784, 1),
        lambda a: a.reshape(1, 1, 784),
        lambda a: a.tolist(),
        lambda a: a[None].tolist(),
        lambda a: [tuple(row) for row in a.tolist()],
        lambda a: list(a),
        ByArray,
        Frame,
        lambda a: ByArray(a[None, None]),
        ByDlpack,
        lambda a: ByDlpack(a.ravel()),
        lambda a: np.asfortranarray(a),
        lambda a: a[::-1, ::-1][::-1, ::-1],
    ],
)
def test_every_form_of_one_picture_gives_the_same_pixels(form):
    np.testing.assert_array_equal(decode(form(ramp())), ramp())


def test_a_memory_map_is_an_array(tmp_path):
    mapped = np.memmap(tmp_path / "pixels", np.uint8, "w+", shape=(28, 28))
    mapped[:] = ramp()
    np.testing.assert_array_equal(decode(mapped), ramp())


def test_a_tensor_of_tensorflow_is_an_array():
    tensorflow = pytest.importorskip("tensorflow")
    np.testing.assert_array_equal(decode(tensorflow.constant(ramp()[None, ..., None])), ramp())
    with pytest.raises(InvalidArrayError, match="dtype bfloat16 is no picture"):
        decode(tensorflow.cast(ramp(), tensorflow.bfloat16))


def test_one_row_of_pixels_is_a_square_picture_or_what_it_is():
    assert decode(np.zeros(64)).shape == (8, 8)
    assert decode(np.zeros((1, 65))).shape == (1, 65)
    assert decode(np.zeros((1, 28, 3))).shape == (1, 28), "one row of colours"
    with pytest.raises(InvalidArrayError, match=r"shape \(65,\) is not one picture"):
        decode(np.zeros(65))


@pytest.mark.parametrize(
    ("numbers", "grey"),
    [
        ([0.0, 0.5, 1.0], [0, 128, 255]),
        ([0.0, 128.0, 255.0], [0, 128, 255]),
        ([0.0, 4.0, 16.0], [0, 64, 255]),
        ([-1.0, 0.0, 1.0], [0, 128, 255]),
        ([-0.4242, 1.1987, 2.8215], [0, 128, 255]),
        ([-2.1179, 0.0, 2.64], [0, 114, 255]),
        ([0, 2_047, 4_095], [0, 127, 255]),
        ([0.0, 32_768.0, 65_535.0], [0, 128, 255]),
        ([0, 1], [0, 255]),
        ([-1, 1], [0, 255]),
        ([False, True], [0, 255]),
        ([0, 200], [0, 200]),
        ([0.9, 1.0], [230, 255]),
        ([13.0, 13.5], [207, 215]),
        ([-3.0, -2.99], [0, 3]),
    ],
)
def test_scales_are_told_by_the_range_of_all_numbers(numbers, grey):
    assert decode(np.array([numbers])).tolist() == [grey]


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.int64, np.float16, np.float32, np.float64, ">u2", ">f4"])
def test_the_type_of_numbers_changes_nothing(kind):
    for top in (1, 16, 255):
        assert decode(np.array([[0, top]]).astype(kind)).tolist() == [[0, 255]]


@pytest.mark.parametrize(("black", "white"), [(0, 1), (-1, 1), (0, 16), (0, 255), (-0.4242, 2.8215)])
def test_what_a_resize_overshoots_is_not_cut_off(black, white, mnist_test):
    for image in mnist_test.images[:5]:
        numbers = Image.fromarray((image / np.float32(255) * (white - black) + black).astype(np.float32))
        large = np.asarray(numbers.resize((64, 64), Image.Resampling.BICUBIC))
        assert large.max() > white
        assert large.min() < black
        expected = np.rint((large - large.min()) * (255 / (large.max() - large.min())))
        assert np.abs(decode(large).astype(int) - expected).max() <= 1


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((0, 0)), "holds nothing"),
        (np.zeros((0, 28), np.uint8), "holds nothing"),
        ([], "holds nothing"),
        (np.full((28, 28), np.nan), "NaN or infinity"),
        (np.full((28, 28), np.inf, np.float32), "NaN or infinity"),
        (np.zeros((2, 28, 28, 3), np.uint8), "is not one picture"),
        (np.zeros((5, 28, 28), np.uint8), "is not one picture"),
        ([ramp(), ramp()], "is not one picture"),
        (np.uint8(3), "is not one picture"),
        (np.array([[-9.0, 0.5]]), "values from -9 to 0.5"),
        (np.array([[0, 100_000]]), "values from 0 to 100000"),
        (np.array([["a", "b"]]), "is no picture"),
        (["a.png", "b.png"], "is no picture; several pictures go to predict_many"),
        (np.array([[1j]]), "is no picture"),
        (np.array([[None, 1]]), "is no picture"),
        (np.zeros((28, 28), [("grey", np.uint8)]), "is no picture"),
        ([[1, 2], [3]], "a list cannot be taken as an array"),
        (np.zeros((28, 28)).view(np.matrix), r"a numpy.matrix is no picture; pass numpy.asarray"),
        (np.ma.masked_array(np.zeros((28, 28)), mask=True), r"array\.filled"),
        (ByArray(None, TypeError("can't convert cuda:0 device type tensor")), r"ByArray .*cuda:0.*detach\(\)\.cpu\(\)"),
        (ByArray(None, RuntimeError("requires grad")), "requires grad"),
    ],
)
def test_arrays_that_are_no_pictures(array, words):
    with pytest.raises(InvalidArrayError, match=words):
        decode(array)


@settings(deadline=None)
@given(
    hnp.arrays(
        st.sampled_from([np.uint8, np.int16, np.float32, np.bool_]),
        hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=12),
    )
)
def test_any_array_is_read_or_refused_by_an_error_of_ours(array):
    try:
        found = seen(array)
    except DigitInferError:
        return
    assert found.grey.dtype == np.uint8
    if found.plain is not None:
        assert found.plain.whole.image.shape == (28, 28)
        assert found.plain.whole.image.any()


def in_sixteenths(image):
    """Reduce a digit to 8 x 8 as scikit-learn's were: black and white at 32 x 32, and counted by blocks of 4 x 4."""
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    cut = Image.fromarray(image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    wide = max(8, round(32 * cut.width / cut.height))
    page = Image.new("L", (32, 32))
    page.paste(cut.resize((min(wide, 32), 32)), ((32 - min(wide, 32)) // 2, 0))
    return (np.asarray(page) > 127).reshape(8, 4, 8, 4).sum(axis=(1, 3)).astype(np.float64)


def test_digits_of_8_by_8_with_floats_to_16_are_read(predictor, mnist_test):
    digits = np.stack([in_sixteenths(image) for image in mnist_test.images[:100]])
    assert digits.max() == 16
    for form in (digits, digits.reshape(100, 64), digits.tolist(), digits.astype(np.uint8)):
        answers = list(predictor.predict_many(form))
        right = [
            answer.is_digit and answer.digit == label for answer, label in zip(answers, mnist_test.labels, strict=False)
        ]
        assert sum(right) >= 90


@pytest.mark.parametrize(
    "form",
    [
        lambda a: a,
        lambda a: a / 255,
        lambda a: a / 127.5 - 1,
        lambda a: (a / 255 - 0.1307) / 0.3081,
        lambda a: (a / np.float32(255))[:, None],
        lambda a: a[..., None],
        lambda a: a.reshape(len(a), 784),
        lambda a: a.tolist(),
        lambda a: iter(a / 255),
        ByArray,
        lambda a: ByDlpack(a.astype(np.float32)),
        lambda a: [ByDlpack(one.copy()) for one in a],
    ],
)
def test_every_form_of_a_stack_is_answered_picture_by_picture(predictor, mnist_test, form):
    images, labels = mnist_test.images[:20], mnist_test.labels[:20]
    answers = list(predictor.predict_many(form(images), batch_size=7))
    assert [answer.digit for answer in answers] == labels.tolist()
    assert all(answer.is_digit for answer in answers)


def test_a_stack_is_on_one_scale():
    stack = np.zeros((2, 28, 28))
    stack[0, 10:20, 10:20], stack[1, 10:20, 10:20] = 200.0, 1.0
    assert scale_of_all(stack) == (0, 255)
    with Predictor("softmax_regression") as predictor:
        bright, dark = predictor.predict_many(stack)
    assert bright.image.any()
    assert not dark.image.any(), "1 of 255 is black, though alone it would be 1 of 1"
    assert decode(stack[1]).max() == 255


def test_a_picture_of_a_stack_that_holds_nan_is_an_answer_in_its_place(predictor, mnist_test):
    stack = mnist_test.images[:3] / 255
    stack[1, 5, 5] = np.nan
    first, second, third = predictor.predict_many(stack)
    assert [type(first), type(second), type(third)] == [Prediction, Unanswered, Prediction]
    assert first.digit == mnist_test.labels[0]


@pytest.mark.parametrize("array", [np.zeros((28, 30)), np.zeros(784), np.float32(1), np.full((2, 28, 28), 1e9)])
def test_arrays_that_are_no_stack(predictor, array):
    with pytest.raises(InvalidArrayError, match=r"is no stack of pictures|values from"):
        predictor.predict_many(array)


def test_an_array_of_paths_is_a_list_of_paths(predictor, examples):
    for kind in (np.str_, object):
        [answer] = predictor.predict_many(np.array([str(examples / "seven.png")], kind))
        assert answer.digit == 7


def test_an_array_has_one_page(predictor):
    assert predictor.predict(ramp(), page=1).pages == 1
    with pytest.raises(PictureNotFoundError, match="an array has 1 page, and no page 2"):
        predictor.predict(ramp(), page=2)
