import keras
import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digit_infer import zoo
from export.errors import ExportError
from export.onnx_canonical import canonical
from export.onnx_lean import lean_quantized, ready_for_quantization
from export.onnx_quantized import answers, choices, quantized, quantized_in
from export.pipeline import Exporter
from export.records.quantization import read_record
from export.source import load_source

from .leftovers import Walk
from .onnx_graphs import assert_same, graph_of, operators
from .test_export import read_metadata


def shipped(name):
    return onnx.load(zoo.FILES / f"{name}.float32.onnx")


def test_what_may_be_quantized_of_a_network_with_a_thin_first_convolution():
    assert choices(shipped("lenet")) == {
        "all but thin convolutions": ("Conv_2", "Gemm_1", "Gemm_2"),
        "all products": ("Conv_1", "Conv_2", "Gemm_1", "Gemm_2"),
        "all but the last": ("Conv_1", "Conv_2", "Gemm_1"),
        "convolutions": ("Conv_1", "Conv_2"),
        "dense layers": ("Gemm_1", "Gemm_2"),
    }


def test_what_may_be_quantized_of_dense_layers():
    assert choices(shipped("mlp_512")) == {
        "all products": ("Gemm_1", "Gemm_2"),
        "all but the first": ("Gemm_2",),
        "all but the last": ("Gemm_1",),
    }
    assert choices(shipped("softmax_regression")) == {"all products": ("Gemm_1",)}


@pytest.mark.parametrize(
    ("name", "choice"),
    [("cnn_arch2", "all but thin convolutions"), ("mlp_512", "all products")],
)
def test_a_file_says_what_of_it_is_quantized(name, choice, tmp_path, mnist_calibration):
    file = Exporter(load_source(name), mnist_calibration).export("onnx", "int8", tmp_path)
    assert read_metadata(tmp_path / file.file)["quantized"] == choice
    (recorded,) = [entry for entry in read_record() if entry.model == name and entry.chosen]
    assert recorded.choice == choice


def test_bytes_go_into_a_dense_network_as_they_are(mnist_test):
    """No Cast, no QuantizeLinear at the front, and the last product's sums go to the softmax unrounded."""
    model, choice = next(quantized(shipped("softmax_regression"), mnist_test.images[:200]))
    assert choice == "all products"
    assert operators(canonical(model)) == ["Reshape", *["DequantizeLinear"] * 3, "Gemm", "Softmax"]


def test_a_convolution_that_reads_one_channel_stays_in_floats(mnist_test):
    model, choice = next(quantized(shipped("cnn_20_40_sigmoid"), mnist_test.images[:200]))
    walk = Walk(canonical(model))
    assert choice == "all but thin convolutions"
    assert [node.name for node in walk.nodes if node.op_type == "Conv" and not walk.is_integer(node)] == ["Conv_1"]
    assert operators(model)[:4] == ["Cast", "Reshape", "Conv", "MaxPool"]


def test_what_stands_for_a_relu_stays(mnist_test):
    """Behind the last integer layer a pair cuts off what is negative; the float layer behind it counts on that."""
    model = shipped("mlp_512")
    images = mnist_test.images[:500]
    in_part = quantized_in(model, choices(model)["all but the last"], images)
    assert float(np.mean(answers(in_part, images) != answers(model, images))) < 0.01


@settings(deadline=None, max_examples=20)
@given(pads=st.sampled_from([0, 1]), strides=st.integers(1, 2), seed=st.integers(0, 2**32 - 1))
def test_a_pool_may_come_before_a_relu(pads, strides, seed):
    draw = np.random.default_rng(seed)
    nodes = [
        ("Conv", "x weights bias", "c", {"pads": [1] * 4}),
        ("Relu", "c", "r", {}),
        ("MaxPool", "r", "p", {"kernel_shape": [2, 2], "strides": [strides] * 2, "pads": [pads] * 4}),
        ("Softmax", "p", "y", {}),
    ]
    constants = {
        "weights": draw.normal(size=(3, 2, 3, 3)).astype(np.float32),
        "bias": draw.normal(size=3).astype(np.float32),
    }
    side = (6 + 2 * pads - 2) // strides + 1
    before = graph_of(nodes, constants, (2, 6, 6), (3, side, side))
    before.graph.node[0].name = "Conv_1"
    after = ready_for_quantization(before, ["Conv_1"])
    assert_same(before, after, draw.normal(size=(2, 2, 6, 6)).astype(np.float32))
    assert operators(after) == ["Conv", "MaxPool", "Relu", "Softmax"]
    assert operators(ready_for_quantization(before, [])) == ["Conv", "Relu", "MaxPool", "Softmax"]


@pytest.mark.parametrize(("scale", "zero", "left"), [(1, 0, 0), (0.5, 0, 1), (1, 3, 1)])
def test_only_scale_one_and_zero_point_zero_leave_bytes_as_they_are(scale, zero, left):
    draw = np.random.default_rng(0)
    nodes = [
        ("Cast", "x", "floats", {"to": onnx.TensorProto.FLOAT}),
        ("Reshape", "floats shape", "rows", {}),
        ("QuantizeLinear", "rows scale zero", "q", {}),
        ("DequantizeLinear", "q scale zero", "d", {}),
        ("MatMul", "d weights", "y", {}),
    ]
    constants = {
        "shape": np.array([-1, 16]),
        "scale": np.float32(scale),
        "zero": np.uint8(zero),
        "weights": draw.normal(size=(16, 3)).astype(np.float32),
    }
    before = graph_of(nodes, constants, (4, 4), (3,), onnx.TensorProto.UINT8)
    after = lean_quantized(before)
    assert_same(before, after, draw.integers(0, 256, (5, 4, 4), np.uint8))
    assert operators(after).count("QuantizeLinear") == operators(after).count("Cast") == left


def test_the_record_holds_every_network_and_what_was_chosen_is_within_the_bound():
    record = read_record()
    assert [entry.model for entry in record if entry.chosen] == list(zoo.models())
    for entry in record:
        assert entry.pairs >= 100
        if entry.chosen:
            assert entry.float32_correct - entry.correct <= 20


def test_a_network_without_products_is_refused(tmp_path, mnist_calibration):
    path = tmp_path / "pooled.keras"
    layers = keras.layers
    keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.AveragePooling2D((28, 28)),
            layers.Flatten(),
            layers.RepeatVector(10),
            layers.Flatten(),
            layers.Softmax(),
        ]
    ).save(path)
    with pytest.raises(ExportError, match="no matrix product"):
        Exporter(load_source(str(path)), mnist_calibration).export("onnx", "int8", tmp_path)
