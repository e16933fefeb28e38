"""Mistakes that converters and their users really make, planted: parity catches each, and nothing is written."""

import keras
import numpy as np
import pytest

from export.calibration import Calibration
from export.errors import ParityError
from export.pipeline import Exporter
from export.source import load_source
from export.wrapping import wrapped


@pytest.fixture
def refused(tmp_path):
    def check(exporter, model_format, precision):
        with pytest.raises(ParityError, match="is not written") as caught:
            exporter.export(model_format, precision, tmp_path)
        assert list(tmp_path.iterdir()) == []
        return str(caught.value)

    return check


def test_weights_are_missing(small_exporter, refused, monkeypatch):
    """Given concrete functions and the model, TensorFlow's converter writes a file without weights, and says nothing."""
    import tensorflow as tf

    def without_weights(source, precision, about, calibration, *, for_one):
        model = wrapped(source.network, source.interface, takes_bytes=True)
        function = tf.function(model).get_concrete_function(tf.TensorSpec((None, 28, 28), tf.uint8))
        yield tf.lite.TFLiteConverter.from_concrete_functions([function], model).convert()

    monkeypatch.setattr("export.tflite_model.tflite_files", without_weights)
    refused(small_exporter, "tflite", "float32")


@pytest.mark.parametrize("model_format", ["onnx", "tflite"])
def test_pixels_are_scaled_twice(small_exporter, refused, monkeypatch, model_format):
    def twice(network, interface, *, takes_bytes, **how):
        images = keras.Input((28, 28), dtype="uint8", name="images")
        values = keras.ops.cast(images, "float32") / 255 / 255
        return keras.Model(images, network(keras.ops.reshape(values, (-1, 28, 28, 1))))

    monkeypatch.setattr(f"export.{model_format}_model.wrapped", twice)
    refused(small_exporter, model_format, "float32")


@pytest.mark.parametrize("model_format", ["onnx", "tflite"])
@pytest.mark.parametrize("precision", ["float32", "float16", "int8"])
def test_channels_are_swapped_before_the_dense_layer(small_exporter, refused, monkeypatch, model_format, precision):
    """Rows of the dense layer in the order (C, H, W) behind values in the order (H, W, C): the shapes fit all the same."""

    def swapped(network, interface, *, takes_bytes, **how):
        copy = keras.models.clone_model(network)
        copy.set_weights(network.get_weights())
        dense = copy.layers[-1]
        kernel, bias = dense.get_weights()
        height, width, channels = next(layer for layer in copy.layers if "flatten" in layer.name).input.shape[1:]
        by_channel = kernel.reshape(height, width, channels, -1).transpose(2, 0, 1, 3).reshape(kernel.shape)
        dense.set_weights([by_channel, bias])
        return wrapped(copy, interface, takes_bytes=takes_bytes, **how)

    monkeypatch.setattr(f"export.{model_format}_model.wrapped", swapped)
    refused(small_exporter, model_format, precision)


@pytest.mark.parametrize("model_format", ["onnx", "tflite"])
def test_ranges_come_from_pictures_without_ink(small_file, refused, model_format):
    dots = np.zeros((20, 28, 28), np.uint8)
    dots[:, 14, 14] = 255
    exporter = Exporter(load_source(str(small_file)), Calibration("all but blank pictures", lambda: dots))
    message = refused(exporter, model_format, "int8")
    assert "accuracy falls by" in message


@pytest.fixture(scope="module")
def trained_on(small_file, tmp_path_factory):
    """The same network after further training: its convolution answers eight times as loud, its dense layer an eighth."""
    network = keras.saving.load_model(small_file, compile=False)
    convolution = next(layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D))
    normal = next(layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization))
    convolution.set_weights([8 * weights for weights in convolution.get_weights()])
    gamma, beta, mean, variance = normal.get_weights()
    normal.set_weights([gamma, beta, 8 * mean, 64 * variance])
    path = tmp_path_factory.mktemp("later") / "later.keras"
    network.save(path)
    return path


def test_the_calibration_of_tflite_is_stale(small_exporter, trained_on, refused, mnist_calibration, monkeypatch):
    """Ranges that were measured before the network was trained on clip most of what it computes now."""
    from export import tflite_quantized

    fresh, ranges = tflite_quantized.quantized, []

    def with_old_ranges(calibrated, images, method, *floats):
        from tensorflow.lite.tools import flatbuffer_utils

        model = flatbuffer_utils.convert_bytearray_to_object(bytearray(calibrated))
        found = [tensor.quantization for tensor in model.subgraphs[0].tensors if tensor.quantization is not None]
        if not ranges:
            ranges.extend((entry.min, entry.max) for entry in found)
        for entry, (low, high) in zip(found, ranges, strict=True):
            entry.min, entry.max = low, high
        return fresh(bytes(flatbuffer_utils.convert_object_to_bytearray(model)), images, method, *floats)

    monkeypatch.setattr("export.tflite_quantized.quantized", with_old_ranges)
    small_exporter.converted("tflite", "int8")
    assert ranges
    later = Exporter(load_source(str(trained_on)), mnist_calibration)
    refused(later, "tflite", "int8")


def test_the_same_network_with_its_own_calibration_is_proven(trained_on, mnist_calibration, tmp_path):
    file = Exporter(load_source(str(trained_on)), mnist_calibration).export("tflite", "int8", tmp_path)
    assert file.precision == "int8"
