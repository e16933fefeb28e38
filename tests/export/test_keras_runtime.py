import keras
import numpy as np
import pytest

from digit_infer import Predictor
from digit_infer.errors import ContractError, DamagedModelError, UsageError
from digit_infer.zoo.resolve import plan

from .conftest import small_network


def test_keras_keeps_no_number_of_threads_and_says_so():
    with pytest.raises(UsageError, match="own threads"):
        plan("softmax_regression", "keras", None, 2).open()


@pytest.mark.parametrize("shape", [(28, 28), (28, 28, 1)])
def test_a_keras_file_answers_with_its_pixels_scaled(shape, tmp_path, mnist_test):
    path = tmp_path / "mine.keras"
    network = small_network(shape)
    network.compile("adam", "sparse_categorical_crossentropy")
    pixels = mnist_test.images[:2000].reshape(-1, *shape) / np.float32(255)
    network.fit(pixels, mnist_test.labels[:2000], epochs=2, verbose=0)
    network.save(path)
    images = mnist_test.images[:20]
    expected = network.predict_on_batch(images.reshape(-1, *shape).astype(np.float32) / 255)
    with Predictor(path) as predictor:
        assert predictor.runtime == "keras"
        np.testing.assert_allclose(predictor.predict_array(images), expected, atol=1e-6)


def test_other_keras_files_are_refused(tmp_path):
    path = tmp_path / "wide.keras"
    keras.Sequential([keras.Input((32, 32)), keras.layers.Flatten(), keras.layers.Dense(10)]).save(path)
    with pytest.raises(ContractError, match=r"answers at most .*--scale"):
        Predictor(path)
    path.write_bytes(b"no zip")
    with pytest.raises(DamagedModelError, match=r"wide\.keras is no Keras model"):
        Predictor(path)
