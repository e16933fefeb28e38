"""Small networks of every kind in the forms that most ask for: which are written, and why others are not."""

from copy import copy
from functools import cache

import keras
import numpy as np
import onnx
import pytest

from digit_infer.errors import UsageError
from digit_infer.runtimes import RUNTIMES
from export.errors import ExportError, ParityError
from export.layer_names import layer_named_in
from export.microcontroller import export_microcontroller
from export.pipeline import Exporter
from export.source import load_source

from .architectures import ARCHITECTURES

FORMS = (("tflite", "float32"), ("tflite", "int8"), ("onnx", "int8"))

REFUSED = {
    ("FNet", "tflite", "float32"): "FNet cannot be converted to tflite in float32 (no converter for Complex)",
    ("FNet", "tflite", "int8"): "FNet cannot be converted to tflite in int8 (no converter for Complex)",
    ("FNet", "onnx", "int8"): "FNet cannot be converted to onnx in int8 (no converter for Complex)",
    ("pixel by pixel", "tflite", "float32"): "pixel by pixel cannot be converted to tflite in float32 (layer simple_rnn",
    ("pixel by pixel", "tflite", "int8"): "pixel by pixel cannot be converted to tflite in int8 (layer simple_rnn",
    ("pixel by pixel", "onnx", "int8"): "pixel by pixel cannot be converted to onnx in int8 (layer simple_rnn",
}
"""What is refused, and how the refusal begins."""


@pytest.fixture(scope="module")
def exporter_of(tmp_path_factory, mnist_test, mnist_calibration):
    """Train a network for seconds, once, save it, and load it as a user's own."""
    folder = tmp_path_factory.mktemp("architectures")

    @cache
    def load(name):
        keras.utils.set_random_seed(3)
        network = ARCHITECTURES[name]()
        network.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
        images = (mnist_test.images[:4000] / np.float32(255)).reshape(-1, *network.input_shape[1:])
        network.fit(images, mnist_test.labels[:4000], epochs=2, batch_size=64, verbose=0)
        path = folder / f"{name}.keras"
        network.save(path)
        return Exporter(load_source(str(path)), mnist_calibration)

    return load


def integer_products(path):
    """Count the products of a file that multiply integers, or floats that were rounded to integers."""
    if path.suffix == ".onnx":
        graph = onnx.load(path).graph
        rounded = {value for node in graph.node if node.op_type == "DequantizeLinear" for value in node.output}
        return sum(node.op_type in ("Conv", "MatMul", "Gemm") and rounded >= {*node.input[:2]} for node in graph.node)
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(model_path=str(path), experimental_op_resolver_type=plain)
    types = {tensor["index"]: tensor["dtype"] for tensor in interpreter.get_tensor_details()}
    products = ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED", "BATCH_MATMUL")
    operators = [found for found in interpreter._get_ops_details() if found["op_name"] in products]
    return sum(types[index] == np.int8 for found in operators for index in found["outputs"])


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_each_form_is_proven_and_written_or_refused_with_its_reason(name, exporter_of, tmp_path):
    exporter = exporter_of(name)
    for model_format, precision in FORMS:
        reason = REFUSED.get((name, model_format, precision))
        if reason is None:
            path = tmp_path / exporter.export(model_format, precision, tmp_path).file
            assert precision == "float32" or integer_products(path) > 0
        else:
            with pytest.raises(ExportError) as caught:
                exporter.export(model_format, precision, tmp_path)
            assert str(caught.value).startswith(reason)


def test_of_forty_architectures_at_least_thirty_six_become_integers():
    refused = {name for name, *form in REFUSED if form == ["tflite", "int8"]}
    assert len(ARCHITECTURES) >= 40
    assert len(refused) <= 4
    assert refused < set(ARCHITECTURES)


needs_tflm = pytest.mark.skipif(not RUNTIMES["tflm"].availability().available, reason="tflite-micro is not here")


@needs_tflm
def test_microcontrollers_take_dilated_convolutions(exporter_of, tmp_path):
    """With a free batch, TensorFlow writes them in pieces that TensorFlow Lite Micro answers wrongly by."""
    micro = export_microcontroller(exporter_of("dilated convolutions"), tmp_path)
    assert "CONV_2D" in micro.operators
    assert "SPACE_TO_BATCH_ND" not in micro.operators


@needs_tflm
def test_what_microcontrollers_do_not_take_is_named(exporter_of, tmp_path):
    with pytest.raises(UsageError, match=r"ELU\.int8\.batch1\.tflite computes in float32: ELU; replace the layers of"):
        export_microcontroller(exporter_of("ELU"), tmp_path)


def test_a_refusal_names_the_layer_that_costs_most_and_the_loss_to_allow(small_exporter, tmp_path):
    demanding = copy(small_exporter)
    demanding.reference = np.eye(10, dtype=np.float32)[small_exporter.test.labels]  # a trained model that is always right
    with pytest.raises(ParityError, match=r"the layer that costs most is (conv2d|dense)\w*; .* --allow-loss \d"):
        demanding.export("tflite", "int8", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_layer_is_found_by_the_names_of_a_graph():
    network = ARCHITECTURES["a network within"]()
    inner = next(layer for layer in network.layers if isinstance(layer, keras.Sequential)).layers[0].name
    assert layer_named_in(network, f'"contract_1/sequential_1/{inner}_1/convolution@__inference"') == inner
    assert layer_named_in(network, "contract_1/sequential_1/reshape_1/Reshape") is None
    assert layer_named_in(network, f"no path, but {inner}") is None
