import hashlib
import json
from pathlib import Path

import keras
import numpy as np
import onnx
import pytest

from digit_infer import Predictor
from digit_infer.errors import DamagedModelError, MissingModelFileError
from digit_infer.runtimes import RUNTIMES
from digit_infer.runtimes.model_file import ModelFile
from digit_infer.runtimes.protocol import answer_in_parts
from export.calibration import CALIBRATED
from export.errors import ExportError
from export.interface import Interface, picture_shape
from export.metadata import KEY, metadata
from export.pipeline import Exporter, batch_of
from export.source import load_source
from export.tflite_model import tflite_files
from export.wrapping import lean, wrapped

from .conftest import small_network


def test_a_users_model_is_proven_and_answers(exported, small_exporter, mnist_test):
    file, folder = exported
    path = folder / file.file
    assert path.name == f"mine.{file.precision}.{file.format}"
    assert hashlib.sha256(path.read_bytes()).hexdigest() == file.sha256
    assert [entry.name for entry in folder.iterdir()] == [path.name]
    with Predictor(path) as predictor:
        answers = answer_in_parts(predictor.predict_array, mnist_test.images, batch_of(file.format, file.precision))
    expected = small_exporter.reference
    assert float(np.abs(answers - expected).max()) == pytest.approx(file.parity.largest_difference, abs=1e-6)
    if file.precision == "float32":
        assert file.parity.flips == ()
    assert int((answers.argmax(axis=1) == mnist_test.labels).sum()) == file.parity.accuracy.correct


def test_the_same_network_becomes_the_same_bytes(exported, small_file, mnist_calibration, tmp_path):
    file, _ = exported
    again = Exporter(load_source(str(small_file)), mnist_calibration).export(file.format, file.precision, tmp_path)
    assert again.sha256 == file.sha256


def test_every_file_says_where_it_comes_from(exported, small_file):
    file, folder = exported
    wanted = {
        "model": "mine",
        "recipe": "",
        "format": file.format,
        "precision": file.precision,
        "checkpoint_sha256": hashlib.sha256(small_file.read_bytes()).hexdigest(),
    }
    found = read_metadata(folder / file.file)
    assert wanted.items() <= found.items()
    assert "keras 3" in found["tools"]


def read_metadata(path: Path) -> dict[str, str]:
    if path.suffix == ".onnx":
        properties = onnx.load(path).metadata_props
        return {entry.key.removeprefix(f"{KEY}."): entry.value for entry in properties}
    from tensorflow.lite.tools import flatbuffer_utils

    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(path.read_bytes()))
    (entry,) = [entry for entry in model.metadata if entry.name == KEY.encode()]
    return json.loads(bytes(model.buffers[entry.buffer].data))


def test_ends_have_the_names_of_the_contract(exported):
    file, folder = exported
    if file.format == "onnx":
        graph = onnx.load(folder / file.file).graph
        assert [end.name for end in (*graph.input, *graph.output)] == ["images", "probabilities"]
        assert graph.input[0].type.tensor_type.shape.dim[0].dim_param == "N"
    else:
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(model_path=str(folder / file.file))
        assert interpreter.get_signature_list() == {"serving_default": {"inputs": ["images"], "outputs": ["probabilities"]}}
        scale, zero = interpreter.get_input_details()[0]["quantization"]
        assert (scale, zero) == (pytest.approx(1 / 255) if file.precision in CALIBRATED else 0, 0)


@pytest.mark.parametrize("shape", [(28, 28), (28, 28, 1)])
@pytest.mark.parametrize("functional", [False, True])
def test_wrapping_changes_no_answer(shape, functional, mnist_test):
    network = small_network(shape, functional=functional)
    images = mnist_test.images[:50]
    pixels = images.reshape(-1, *shape).astype(np.float32) / 255
    expected = network.predict_on_batch(pixels)
    interface = Interface(picture_shape(network.name, network))
    assert interface.shape == shape
    takes_bytes, takes_unit_range = (wrapped(network, interface, takes_bytes=which) for which in (True, False))
    np.testing.assert_allclose(takes_bytes.predict_on_batch(images), expected, atol=1e-6)
    np.testing.assert_allclose(takes_unit_range.predict_on_batch(images / np.float32(255)), expected, atol=1e-6)
    assert not any(isinstance(layer, keras.layers.Flatten) for layer in lean(network).layers)


def test_files_that_are_no_keras_models(tmp_path):
    damaged = tmp_path / "damaged.keras"
    damaged.write_bytes(b"PK no zip")
    with pytest.raises(DamagedModelError, match="is no Keras model"):
        load_source(str(damaged))
    with pytest.raises(MissingModelFileError, match="there is no file"):
        load_source(str(tmp_path / "nosuch.keras"))
    other = tmp_path / "model.h5"
    other.write_bytes(b"")
    with pytest.raises(DamagedModelError, match=r"model\.h5 is no Keras model"):
        load_source(str(other))


def test_float32_tflite_agrees_with_float32_onnx(small_exporter, mnist_test, tmp_path):
    source = small_exporter.source
    path = tmp_path / "mine.tflite"
    about = metadata(source, "tflite", "float32", small_exporter.calibration)
    path.write_bytes(next(tflite_files(source, "float32", about, small_exporter.calibration)))
    session = RUNTIMES["tflite"].open(ModelFile("mine", path, "tflite", "float32", path.stat().st_size), None)
    np.testing.assert_allclose(session.answers(mnist_test.images[:100]), small_exporter.reference[:100], atol=1e-5)


def test_a_layer_that_cannot_be_converted_is_told(tmp_path, mnist_calibration):
    path = tmp_path / "bicubic.keras"
    layers = keras.layers
    keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Resizing(14, 14, interpolation="bicubic"),
            layers.Flatten(),
            layers.Dense(10, "softmax"),
        ]
    ).save(path)
    with pytest.raises(ExportError, match="bicubic cannot be converted to tflite in float32"):
        Exporter(load_source(str(path)), mnist_calibration).export("tflite", "float32", tmp_path)


@pytest.mark.parametrize("model_format", ["onnx", "tflite"])
def test_float16_holds_the_weights_in_half_the_bytes(small_exporter, tmp_path, model_format):
    full, half = (small_exporter.export(model_format, precision, tmp_path) for precision in ("float32", "float16"))
    weights = 4 * sum(weight.size for weight in small_exporter.source.network.get_weights())
    assert full.bytes - half.bytes == pytest.approx(weights / 2, rel=0.15)
    assert half.parity.largest_difference <= 5e-3


def test_dynamic_quantization_leaves_convolutions_as_they_are(small_exporter, tmp_path):
    file = small_exporter.export("onnx", "int8-dynamic", tmp_path)
    graph = onnx.load(tmp_path / file.file).graph
    operators = [node.op_type for node in graph.node]
    assert "Conv" in operators
    assert "ConvInteger" not in operators
    assert onnx.TensorProto.INT8 in {tensor.data_type for tensor in graph.initializer}
    assert "DequantizeLinear" in operators, "its images change one another's answers, so weights alone are integers"
    assert "MatMulInteger" not in operators


def test_bytes_go_into_sixteen_bit_files_as_they_are(small_exporter, tmp_path):
    from ai_edge_litert.interpreter import Interpreter

    file = small_exporter.export("tflite", "int16x8", tmp_path)
    interpreter = Interpreter(model_path=str(tmp_path / file.file))
    (entry,) = interpreter.get_input_details()
    assert entry["dtype"] == np.uint8
    assert entry["quantization"] == (pytest.approx(1 / 255), 0)
    operators = [found["op_name"] for found in interpreter._get_ops_details()]
    assert operators[:3] == ["DEQUANTIZE", "QUANTIZE", "RESHAPE"]
