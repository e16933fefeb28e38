from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from export.calibration import Calibration
from export.pairs import ALL
from export.pipeline import Exporter
from export.source import load_source


@pytest.fixture(scope="session")
def locked():
    """Whether what lays out files has the versions of .ci/locked.txt; others may lay out the same answers otherwise."""
    lines = (Path(__file__).parents[2] / ".ci" / "locked.txt").read_text(encoding="utf-8").splitlines()
    versions = dict(line.split("==") for line in lines if "==" in line)
    return all(
        version(name) == versions[name] for name in ("flatbuffers", "keras", "onnx", "onnxruntime", "protobuf", "tf2onnx")
    )


@pytest.fixture(scope="session")
def mnist_calibration(mnist_test):
    """Pictures to take ranges from; here test images do, since nothing is chosen or reported with them."""
    return Calibration("200 test images", lambda: mnist_test.images[:200])


def small_network(shape=(28, 28, 1), *, functional=False, activation="softmax"):
    """A convolutional network with all that an exporter stumbles over, with weights that are not trained."""
    keras.utils.set_random_seed(7)
    layers = [
        *([keras.layers.Reshape((28, 28, 1))] if len(shape) == 2 else []),
        keras.layers.Conv2D(6, 5, activation="relu"),
        keras.layers.BatchNormalization(),
        keras.layers.MaxPooling2D(),
        keras.layers.Dropout(0.5),
        keras.layers.Flatten(),
        keras.layers.Dense(10, activation),
    ]
    if not functional:
        return keras.Sequential([keras.Input(shape), *layers], name="small")
    values = entry = keras.Input(shape)
    for layer in layers:
        values = layer(values)
    return keras.Model(entry, values, name="small")


@pytest.fixture(scope="session")
def small_file(tmp_path_factory, mnist_test):
    """A network that learned a little, as a user's .keras file."""
    network = small_network()
    network.compile("adam", "sparse_categorical_crossentropy")
    images = mnist_test.images[:2000, ..., None] / np.float32(255)
    network.fit(images, mnist_test.labels[:2000], epochs=2, verbose=0)
    path = tmp_path_factory.mktemp("mine") / "mine.keras"
    network.save(path)
    return path


@pytest.fixture(scope="session")
def small_exporter(small_file, mnist_calibration):
    return Exporter(load_source(str(small_file)), mnist_calibration)


@pytest.fixture(scope="session", params=ALL, ids=["-".join(pair) for pair in ALL])
def exported(request, small_exporter, tmp_path_factory):
    """One file in each format and precision, with its folder."""
    folder = tmp_path_factory.mktemp("out")
    return small_exporter.export(*request.param, folder), folder


@pytest.fixture(scope="session")
def folder(tmp_path_factory, mnist_test):
    """Thirty digits, dark on light, sorted by what they are."""
    root = tmp_path_factory.mktemp("pictures")
    for index in range(30):
        place = root / str(mnist_test.labels[index])
        place.mkdir(exist_ok=True)
        Image.fromarray(255 - mnist_test.images[index]).resize((84, 84)).save(place / f"{index}.png")
    return root
