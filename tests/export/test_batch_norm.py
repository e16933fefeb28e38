import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from export.pipeline import Exporter
from export.source import load_source
from export.wrapping import folding_harms, lean

layers = keras.layers


def with_random_statistics(network, seed, *, turn_round=False):
    """Give every batch normalization statistics as training leaves them; ``turn_round`` makes some factors negative."""
    random = np.random.default_rng(seed)
    for layer in network.layers:
        if isinstance(layer, layers.BatchNormalization):
            for variable in layer.variables:
                values = random.uniform(0.3, 2.0, variable.shape)
                if variable is layer.gamma and turn_round:
                    values[::2] *= -1
                variable.assign(values if variable is not layer.beta else values - 1)
    return network


def answers(network, seed):
    values = np.random.default_rng(seed).random((8, *network.input_shape[1:])).astype(np.float32)
    return network.predict_on_batch(values)


def kinds(network):
    return [type(layer).__name__ for layer in lean(network).layers]


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    between=st.sampled_from(["nothing", "pool", "average", "dropout"]),
    reader=st.sampled_from(["conv", "dense"]),
    bias=st.booleans(),
)
def test_what_stands_behind_an_activation_goes_into_the_layer_that_reads_it(seed, between, reader, bias):
    keras.utils.set_random_seed(seed % 1000)
    middle = {
        "nothing": [],
        "pool": [layers.MaxPooling2D(2)],
        "average": [layers.AveragePooling2D(2, padding="same")],
        "dropout": [layers.Dropout(0.5)],
    }[between]
    end = [layers.Conv2D(3, 3, use_bias=bias)] if reader == "conv" else [layers.Flatten(), layers.Dense(4, use_bias=bias)]
    network = keras.Sequential(
        [keras.Input((9, 9, 2)), layers.Conv2D(5, 2, activation="relu"), layers.BatchNormalization(), *middle, *end]
    )
    with_random_statistics(network, seed)
    assert "BatchNormalization" not in kinds(network)
    np.testing.assert_allclose(answers(lean(network), seed), answers(network, seed), atol=2e-5)


def test_two_in_a_row_go_together():
    network = keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            layers.Conv2D(3, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.BatchNormalization(),
            layers.Dense(4),
        ]
    )
    with_random_statistics(network, 3)
    assert "BatchNormalization" not in kinds(network)
    np.testing.assert_allclose(answers(lean(network), 5), answers(network, 5), atol=2e-5)


@pytest.mark.parametrize(
    ("reason", "behind", "turn_round"),
    [
        ("zeros at the border are not the shift", [layers.Conv2D(3, 3, padding="same")], False),
        ("a negative factor makes the smallest value the largest", [layers.MaxPooling2D(2), layers.Conv2D(3, 2)], True),
        ("an activation does not let a factor through", [layers.ReLU(), layers.Conv2D(3, 3)], False),
        ("each group reads some of the channels", [layers.Conv2D(4, 3, groups=2)], False),
        ("a depthwise layer has its weights in another order", [layers.DepthwiseConv2D(3)], False),
        ("nothing reads it", [], False),
    ],
)
def test_what_cannot_go_anywhere_stays(reason, behind, turn_round):
    network = keras.Sequential(
        [keras.Input((8, 8, 1)), layers.Conv2D(4, 3, activation="relu"), layers.BatchNormalization(), *behind]
    )
    with_random_statistics(network, 1, turn_round=turn_round)
    assert "BatchNormalization" in kinds(network), reason
    np.testing.assert_allclose(answers(lean(network), 2), answers(network, 2), atol=2e-5)


def test_a_negative_factor_goes_where_nothing_is_chosen_by_size():
    network = keras.Sequential(
        [keras.Input((8, 8, 1)), layers.Conv2D(4, 3, activation="relu"), layers.BatchNormalization(), layers.Conv2D(3, 3)]
    )
    with_random_statistics(network, 1, turn_round=True)
    assert "BatchNormalization" not in kinds(network)
    np.testing.assert_allclose(answers(lean(network), 2), answers(network, 2), atol=2e-5)


def test_a_chain_written_with_the_functional_api_is_folded_and_a_fork_is_left():
    entry = keras.Input((8, 8, 1))
    normal = layers.BatchNormalization()(layers.Conv2D(4, 3, activation="relu")(entry))
    chain = with_random_statistics(keras.Model(entry, layers.Conv2D(3, 3)(normal)), 4)
    fork = keras.Model(entry, layers.Add()([layers.Conv2D(4, 1)(normal), normal]))
    assert "BatchNormalization" not in kinds(chain)
    assert "BatchNormalization" in kinds(fork)
    for network in (chain, fork):
        np.testing.assert_allclose(answers(lean(network), 6), answers(network, 6), atol=2e-5)


def test_without_scale_and_centre():
    network = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(6, activation="relu"),
            layers.BatchNormalization(scale=False, center=False),
            layers.Dense(4),
        ]
    )
    with_random_statistics(network, 8)
    assert "BatchNormalization" not in kinds(network)
    np.testing.assert_allclose(answers(lean(network), 9), answers(network, 9), atol=2e-5)


@pytest.fixture(scope="module")
def with_dead_channels(tmp_path_factory, mnist_test, mnist_calibration):
    """A network whose first convolution has channels that are always 0, as in many that train long."""
    keras.utils.set_random_seed(4)
    network = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(16, 5, strides=2, activation="relu"),
            layers.BatchNormalization(momentum=0.9),
            layers.Conv2D(16, 3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(10, "softmax"),
        ]
    )
    network.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
    network.fit(mnist_test.images[:4000, ..., None] / np.float32(255), mnist_test.labels[:4000], epochs=2, verbose=0)
    first, normal, second = network.layers[:3]
    dead = np.arange(16) % 4 == 0
    kernel, bias = first.get_weights()
    first.set_weights([kernel, np.where(dead, np.float32(-50), bias)])
    gamma, beta, mean, variance = normal.get_weights()
    normal.set_weights([gamma, *(np.where(dead, np.float32(0), values) for values in (beta, mean, variance))])
    kernel, bias = second.get_weights()
    kernel[:, :, dead] = np.random.default_rng(0).choice([-4, 4], kernel[:, :, dead].shape)
    second.set_weights([kernel, bias])
    path = tmp_path_factory.mktemp("dead") / "dead.keras"
    network.save(path)
    return Exporter(load_source(str(path)), mnist_calibration)


def test_a_normalization_of_dead_channels_is_folded_in_floats_alone(with_dead_channels, tmp_path):
    """Its factor for them is 1/sqrt(0.001): folded into weights of eight bits, it would leave no steps to the others."""
    source = with_dead_channels.source
    assert folding_harms(source.network, source.interface, with_dead_channels.calibration.images)
    assert "BatchNormalization" not in kinds(source.network)
    for form in (("tflite", "int8"), ("tflite", "int16x8"), ("tflite", "int8-dynamic"), ("onnx", "int8")):
        with_dead_channels.export(*form, tmp_path)


def test_a_normalization_that_does_no_harm_is_folded(small_exporter):
    source = small_exporter.source
    assert not folding_harms(source.network, source.interface, small_exporter.calibration.images)
