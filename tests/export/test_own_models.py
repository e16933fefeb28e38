"""Networks of the user's own: whatever they want besides the contract comes inside the file, and is proven."""

import json

import keras
import numpy as np
import onnx
import pytest

from digit_infer import Predictor
from digit_infer.benchmark.statistics import accuracy_of
from digit_infer.errors import ModelCodeError, UsageError
from digit_infer.runtimes.preprocessing import Preprocessing
from export.answers import ends_in_logits, probabilities
from export.errors import ExportError
from export.interface import Interface, picture_shape
from export.metadata import KEY
from export.own_network import Declared
from export.pipeline import Exporter
from export.source import load_source
from export.wrapping import wrapped

from .conftest import small_network

LAYERS = keras.layers


@pytest.fixture(scope="module")
def trained(tmp_path_factory, mnist_test):
    """Save a network that learned a little from pixels prepared in some way."""

    def save(network, preprocessing, *, logits=False, name="own"):
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=logits)
        network.compile("adam", loss)
        images = preprocessing.values(mnist_test.images[:4000]).reshape(-1, *network.input_shape[1:])
        network.fit(images, mnist_test.labels[:4000], epochs=3, verbose=0)
        path = tmp_path_factory.mktemp("own") / f"{name}.keras"
        network.save(path)
        return path

    return save


def mlp(shape=(28, 28), activation="softmax", first=()):
    keras.utils.set_random_seed(5)
    layers = [*first, LAYERS.Flatten(), LAYERS.Dense(32, "relu"), LAYERS.Dense(10, activation)]
    return keras.Sequential([keras.Input(shape), *layers], name="own")


WAYS = {
    "bytes": Preprocessing(scale=255),
    "standardised": Preprocessing(mean=0.1307, std=0.3081),
    "dark ink": Preprocessing(inverted=True),
}


@pytest.mark.parametrize("way", WAYS)
def test_pixels_are_prepared_inside_the_file(way, trained, mnist_test, mnist_calibration, tmp_path):
    preprocessing = WAYS[way]
    inside = [LAYERS.Rescaling(1 / 255)] if way == "bytes" else []
    path = trained(mlp(first=inside), preprocessing)
    source = load_source(str(path), Declared(preprocessing))
    assert source.notes == ()
    exporter = Exporter(source, mnist_calibration)
    expected = keras.saving.load_model(path).predict(preprocessing.values(mnist_test.images), verbose=0, batch_size=1000)
    np.testing.assert_allclose(exporter.reference, expected, atol=1e-5)
    for model_format, precision in (("onnx", "float32"), ("tflite", "float32"), ("tflite", "int8")):
        file = exporter.export(model_format, precision, tmp_path)
        assert file.parity.accuracy.correct >= accuracy_of(expected, mnist_test.labels).correct - 20
        with Predictor(tmp_path / file.file) as predictor:
            tolerance = 1e-4 if precision == "float32" else 0.3
            np.testing.assert_allclose(predictor.predict_array(mnist_test.images), expected, atol=tolerance)
    words = onnx.load(tmp_path / "own.float32.onnx").metadata_props
    assert {entry.key: entry.value for entry in words}[f"{KEY}.network_takes"] == str(preprocessing)


@pytest.mark.parametrize("way", WAYS)
def test_a_full_integer_file_takes_bytes_whatever_the_network_takes(way, mnist_calibration, tmp_path):
    from ai_edge_litert.interpreter import Interpreter

    path = tmp_path / "own.keras"
    mlp().save(path)
    exporter = Exporter(load_source(str(path), Declared(WAYS[way])), mnist_calibration)
    (tmp_path / "own.tflite").write_bytes(exporter.converted("tflite", "int8"))
    (taken,) = Interpreter(model_path=str(tmp_path / "own.tflite")).get_input_details()
    assert (taken["dtype"], list(taken["shape_signature"])) == (np.uint8, [-1, 28, 28])
    assert taken["quantization"] == (pytest.approx(1 / 255, rel=1e-6), 0)


@pytest.mark.parametrize("shape", [(784,), (28, 28), (28, 28, 1), (None, None, 1), (28, None)])
def test_every_shape_of_a_picture_is_found_and_wrapped(shape, mnist_test):
    pooled = [LAYERS.Conv2D(10, 5), LAYERS.GlobalAveragePooling2D(), LAYERS.Softmax()]
    if shape == (28, None):
        pooled = [LAYERS.GlobalAveragePooling1D(data_format="channels_first"), LAYERS.Dense(10, "softmax")]
    network = keras.Sequential([keras.Input(shape), *pooled]) if None in shape else mlp(shape)
    found = picture_shape(network.name, network)
    images = mnist_test.images[:20]
    expected = network.predict_on_batch(images.reshape(-1, *found).astype(np.float32) / 255)
    np.testing.assert_allclose(
        wrapped(network, Interface(found), takes_bytes=True).predict_on_batch(images), expected, atol=1e-5
    )


def test_networks_in_networks_and_layers_that_hold_more_than_weights(trained, mnist_test, mnist_calibration, tmp_path):
    """A copy of a ``Normalization`` layer has its weights, and forgets what it computed from them."""
    normalization = LAYERS.Normalization(axis=None)
    normalization.adapt(mnist_test.images[:500].astype(np.float32))
    inner = keras.Sequential([keras.Input((28, 28, 1)), LAYERS.Conv2D(4, 5, activation="relu"), LAYERS.Flatten()])
    pixels = keras.Input((28, 28))
    values = inner(LAYERS.Reshape((28, 28, 1))(normalization(pixels)))
    path = trained(keras.Model(pixels, LAYERS.Dense(10, "softmax")(values)), Preprocessing(scale=255))
    source = load_source(str(path), Declared(Preprocessing(scale=255)))
    exporter = Exporter(source, mnist_calibration)
    for model_format in ("onnx", "tflite"):
        assert exporter.export(model_format, "float32", tmp_path).parity.flips == ()


def test_logits_are_told_by_the_answers_and_get_a_softmax(trained, mnist_test, mnist_calibration, tmp_path):
    path = trained(mlp(activation=None), Preprocessing(), logits=True)
    source = load_source(str(path))
    assert source.interface.logits
    (note,) = source.notes
    assert note.startswith("note: own ends in logits (")
    assert note.endswith("softmax added by the export")
    exporter = Exporter(source, mnist_calibration)
    file = exporter.export("onnx", "float32", tmp_path)
    with Predictor(tmp_path / file.file) as predictor:
        answers = predictor.predict_array(mnist_test.images[:100])
    logits = keras.saving.load_model(path).predict_on_batch(mnist_test.images[:100] / np.float32(255))
    np.testing.assert_allclose(answers, keras.ops.softmax(logits), atol=1e-5)
    words = {entry.key: entry.value for entry in onnx.load(tmp_path / file.file).metadata_props}
    assert words[f"{KEY}.network_answers"] == "logits, softmax added by the export"
    with pytest.raises(ExportError, match=r"does not answer probabilities: .* or pass --logits"):
        load_source(str(path), Declared(ending="probabilities"))


def test_the_numpy_softmax_is_that_of_keras():
    logits = np.random.default_rng(0).normal(0, 60, (50, 10)).astype(np.float32)
    np.testing.assert_allclose(
        probabilities(logits, Interface((28, 28), logits=True)), keras.ops.softmax(logits), atol=1e-6
    )


def test_answers_that_are_neither_are_refused_until_the_user_settles_it():
    sigmoids = np.random.default_rng(0).random((50, 10)).astype(np.float32)
    with pytest.raises(ExportError, match=r"neither probabilities nor logits: .* as ten independent sigmoids do"):
        ends_in_logits("own", sigmoids, None)
    assert ends_in_logits("own", sigmoids, "logits")
    with pytest.raises(ExportError, match="does not answer probabilities"):
        ends_in_logits("own", sigmoids, "probabilities")
    shares = probabilities(sigmoids, Interface((28, 28), logits=True))
    assert not ends_in_logits("own", shares, None)
    assert not ends_in_logits("own", shares, "probabilities")
    with pytest.raises(ExportError, match="need no softmax; leave --logits out"):
        ends_in_logits("own", shares, "logits")
    assert ends_in_logits("own", np.log(shares), None), "the logarithm of probabilities is a kind of logits"
    with pytest.raises(ExportError, match="answers what is no number"):
        ends_in_logits("own", np.full((2, 10), np.nan, np.float32), "logits")


def test_a_network_of_mixed_precision_is_exported_in_float32(tmp_path, mnist_calibration):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        network = small_network()
    finally:
        keras.config.set_dtype_policy("float32")
    path = tmp_path / "mixed.keras"
    network.save(path)
    source = load_source(str(path))
    assert source.notes[0].startswith("note: mixed computes in float16: exported, and compared, in float32")
    file = Exporter(source, mnist_calibration).export("onnx", "float32", tmp_path)
    assert file.parity.largest_difference < 1e-5
    operators = {node.op_type for node in onnx.load(tmp_path / file.file).graph.node}
    assert "Conv" in operators
    kinds = {tensor.data_type for tensor in onnx.load(tmp_path / file.file).graph.initializer}
    assert onnx.TensorProto.FLOAT16 not in kinds


@pytest.mark.parametrize("policy", ["float16", "float64"])
def test_weights_of_another_type_are_refused(policy, tmp_path):
    keras.config.set_dtype_policy(policy)
    try:
        mlp().save(tmp_path / "own.keras")
    finally:
        keras.config.set_dtype_policy("float32")
    with pytest.raises(ExportError, match=f"own holds weights in {policy}; build it again under the policy float32"):
        load_source(str(tmp_path / "own.keras"))


def test_a_network_for_whole_numbers_needs_bytes(trained, tmp_path, mnist_calibration):
    pixels = keras.Input((28, 28), dtype="uint8")
    values = LAYERS.Flatten()(LAYERS.Rescaling(1 / 255)(pixels))
    path = trained(keras.Model(pixels, LAYERS.Dense(10, "softmax")(values)), Preprocessing(scale=255))
    with pytest.raises(UsageError, match=r"takes uint8, and pixels in 0\.\.1 are no whole numbers; pass --scale 255"):
        load_source(str(path), Declared(Preprocessing()))
    source = load_source(str(path))
    assert source.interface.preprocessing == Preprocessing(scale=255)
    assert source.notes == ()
    assert Exporter(source, mnist_calibration).export("onnx", "float32", tmp_path).parity.flips == ()


def two_inputs():
    ends = [keras.Input((28, 28)), keras.Input((3,))]
    return keras.Model(ends, LAYERS.Dense(10)(LAYERS.concatenate([LAYERS.Flatten()(ends[0]), ends[1]])))


def two_outputs():
    pixels = keras.Input((28, 28))
    values = LAYERS.Flatten()(pixels)
    return keras.Model(pixels, [LAYERS.Dense(10)(values), LAYERS.Dense(2)(values)])


def one_too_many_axes():
    return keras.Sequential([keras.Input((28, 28)), LAYERS.Reshape((1, 784)), LAYERS.Dense(10, "softmax")])


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (two_inputs, r"has 2 inputs, \(None, 28, 28\), \(None, 3\)"),
        (two_outputs, r"gives 2 outputs, \(None, 10\), \(None, 2\)"),
        (one_too_many_axes, r"gives \(None, 1, 10\), not \(None, 10\)"),
        (
            lambda: keras.Sequential([keras.Input((28, 28, 2)), LAYERS.Flatten(), LAYERS.Dense(10)]),
            r"takes \(None, 28, 28, 2\)",
        ),
        (
            lambda: keras.Sequential([keras.Input((224, 224, 3)), LAYERS.Flatten(), LAYERS.Dense(10)]),
            r"takes \(None, 224, 224, 3\)",
        ),
        (
            lambda: keras.Sequential([keras.Input((28, 28)), LAYERS.Flatten(), LAYERS.Dense(9)]),
            r"gives \(None, 9\)",
        ),
        (lambda: keras.Sequential([keras.Input((783,)), LAYERS.Dense(10)]), r"takes \(None, 783\)"),
    ],
)
def test_other_ends_are_refused_with_their_shapes(network, words, tmp_path):
    path = tmp_path / "other.keras"
    network().save(path)
    with pytest.raises(ExportError, match=words):
        load_source(str(path))


def test_a_lambda_layer_is_refused_and_not_run(tmp_path):
    path = tmp_path / "own.keras"
    mlp(first=[LAYERS.Lambda(lambda pixels: pixels * 2)]).save(path)
    with pytest.raises(
        ModelCodeError, match=r"holds a Lambda layer, and code is not run out of a model's file; replace it by a layer"
    ):
        load_source(str(path))


def test_what_is_said_of_a_recipes_network_is_refused():
    with pytest.raises(UsageError, match=r"softmax_regression is a recipe's network: pixels in 0\.\.1, and probabilities"):
        load_source("softmax_regression", Declared(Preprocessing(scale=255)))


def test_files_say_nothing_of_what_was_not_added(small_exporter, tmp_path):
    file = small_exporter.export("onnx", "float32", tmp_path)
    keys = {entry.key for entry in onnx.load(tmp_path / file.file).metadata_props}
    assert not {f"{KEY}.network_takes", f"{KEY}.network_answers"} & keys
    assert "own_pictures" not in json.dumps(vars(file), default=vars)
