import numpy as np
import pytest

from digit_infer.errors import UsageError
from digit_infer.runtimes.preprocessing import Preprocessing

BYTES = np.arange(256, dtype=np.uint8)


def test_nothing_said_means_0_to_1_as_keras_users_write_it():
    np.testing.assert_array_equal(Preprocessing().values(BYTES), BYTES.astype(np.float32) / np.float32(255))


@pytest.mark.parametrize(
    ("preprocessing", "black", "white"),
    [
        (Preprocessing(scale=255), 0, 255),
        (Preprocessing(mean=0.5, std=0.5), -1, 1),
        (Preprocessing(mean=0.1307, std=0.3081), -0.42421, 2.82149),  # torchvision's numbers for MNIST
        (Preprocessing(scale=255, mean=33.3285, std=78.5655), -0.42421, 2.82149),
        (Preprocessing(inverted=True), 1, 0),
        (Preprocessing(scale=255, mean=100, std=2, inverted=True), 77.5, -50),
    ],
)
def test_known_numbers_and_one_product_and_sum_for_all_bytes(preprocessing, black, white):
    values = preprocessing.values(BYTES)
    assert values.dtype == np.float32
    assert (values[0], values[255]) == (pytest.approx(black, rel=1e-5), pytest.approx(white, rel=1e-5))
    np.testing.assert_allclose(BYTES / 255 * preprocessing.factor + preprocessing.offset, values, rtol=1e-5, atol=1e-5)


def test_bytes_stay_exact():
    np.testing.assert_array_equal(Preprocessing(scale=255).values(BYTES), BYTES.astype(np.float32))


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({"std": 0}, "--std 0 is not above 0"),
        ({"std": -1}, "--std -1 is not above 0"),
        ({"scale": 0}, "--scale 0 is not above 0"),
        ({"mean": float("nan")}, "--mean nan is no number"),
        ({"scale": float("inf")}, "--scale inf is no number"),
    ],
)
def test_numbers_that_no_preprocessing_has(numbers, words):
    with pytest.raises(UsageError, match=words):
        Preprocessing(**numbers)


def test_it_says_itself_in_words_and_in_options():
    standard = Preprocessing(scale=255, mean=33.3, std=78.6, inverted=True)
    assert str(standard) == "pixels in 0..255, dark ink on light ground, mean 33.3, std 78.6"
    assert standard.options == "--scale 255 --mean 33.3 --std 78.6 --invert"
    assert (str(Preprocessing()), Preprocessing().options) == ("pixels in 0..1", "none of these options")
