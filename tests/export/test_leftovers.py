"""No graph that is shipped or exported holds what it has no use for."""

import onnx
import onnxruntime
import pytest

from digit_infer import zoo

from .leftovers import Walk, in_onnx, in_tflite
from .onnx_graphs import operators

NAMES = list(zoo.models())


@pytest.mark.parametrize("name", NAMES)
def test_the_zoos_onnx_files_are_lean(name):
    path = zoo.FILES / f"{name}.float32.onnx"
    assert in_onnx(path) == []
    found = operators(onnx.load(path))
    assert found[:2] == ["Cast", "Reshape"]
    assert found[-1] == "Softmax"
    assert set(found) <= {"Cast", "Reshape", "Conv", "Gemm", "Relu", "Sigmoid", "MaxPool", "Softmax"}


@pytest.mark.parametrize("name", NAMES)
def test_the_zoos_tflite_files_are_lean(name):
    assert in_tflite(zoo.FILES / f"{name}.int8.tflite") == []


def test_exported_files_are_lean(exported):
    file, folder = exported
    assert (in_onnx if file.format == "onnx" else in_tflite)(folder / file.file) == []


@pytest.mark.parametrize("exported", [("onnx", "int8")], indirect=True)
def test_onnx_runtime_computes_every_quantized_product_in_integers(exported, tmp_path):
    """A product that it does not recognise would be computed in floats, from weights turned back for every call."""
    file, folder = exported
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimized.onnx")
    options.log_severity_level = 4  # it warns that such a file is for this machine
    onnxruntime.InferenceSession(folder / file.file, options, providers=["CPUExecutionProvider"])
    optimized = operators(onnx.load(tmp_path / "optimized.onnx"))
    written = Walk(onnx.load(folder / file.file))
    integers = sum(written.is_integer(node) for node in written.nodes)
    assert integers == sum(operator in ("QLinearConv", "QGemm", "MatMulIntegerToFloat") for operator in optimized) > 0
    assert "DequantizeLinear" not in optimized
