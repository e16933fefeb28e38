"""Model files that were not made here: those that keep the contract work, the others are refused with the reason."""

import json
import shutil

import keras
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from digit_infer import zoo

from .conftest import small_network


def write_onnx(path, *, takes=TensorProto.UINT8, shape=("N", 28, 28), gives=TensorProto.FLOAT, softmax=True, outputs=1):
    """Write a linear classifier; the ends have names of their own."""
    weights = np.random.default_rng(3).normal(0, 0.05, (784, 10)).astype(np.float32)
    arrays = {"w": weights, "flat": np.array([-1, 784])}
    constants = [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    nodes = [
        helper.make_node("Cast", ["pixels"], ["values"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["values", "flat"], ["row"]),
        helper.make_node("MatMul", ["row", "w"], ["product"]),
        helper.make_node("Softmax" if softmax else "Identity", ["product"], ["answer"], **({"axis": 1} if softmax else {})),
        *(helper.make_node("Cast", ["answer"], [f"digits{number}"], to=gives) for number in range(outputs)),
    ]
    ends = [helper.make_tensor_value_info(f"digits{number}", gives, (shape[0], 10)) for number in range(outputs)]
    graph = helper.make_graph(nodes, "own", [helper.make_tensor_value_info("pixels", takes, shape)], ends, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def test_a_file_with_names_of_its_own_works(digit_infer, examples, tmp_path):
    path = write_onnx(tmp_path / "own.onnx")
    run = digit_infer("predict", examples / "seven.png", "--model", path, "--json")
    assert run.code == 0
    document = json.loads(run.out)
    assert (document["runtime"], document["precision"]) == ("onnx-cpu", None)
    assert sum(document["predictions"][0]["probabilities"]) == pytest.approx(1, abs=1e-4)
    run = digit_infer("bench", "--model", path, "--batch", "4", "--time", "0.02", "--json")
    assert run.code == 0
    rows = {row["configuration"]["runtime"]: row for row in json.loads(run.out)["rows"]}
    assert {"onnx-cpu", "null"} <= set(rows)
    assert rows["onnx-cpu"]["accuracy"]["images"] == 10_000


def is_refused_for_its_answers(run, path):
    assert (run.code, run.out) == (1, "")
    assert run.err.splitlines()[-1].startswith(f"error: {path} answers at most ")
    assert run.err.endswith("say what it was trained on with --scale, --mean, --std, --invert, --layout or --classes\n")


@pytest.mark.parametrize(
    "settings",
    [
        {"takes": TensorProto.FLOAT},
        {"shape": ("N", 1, 28, 28)},
        {"shape": ("N", 784)},
        {"shape": (1, 28, 28)},
        {"gives": TensorProto.FLOAT16},
        {"gives": TensorProto.DOUBLE},
        {"outputs": 2},
        {"softmax": False},
    ],
)
def test_a_file_that_breaks_the_contract_and_answers_no_digits_is_refused(digit_infer, examples, tmp_path, settings):
    path = write_onnx(tmp_path / "other.onnx", **settings)
    run = digit_infer("predict", examples / "seven.png", "--model", path)
    is_refused_for_its_answers(run, path)
    assert len(run.err.splitlines()) == 1


def test_bench_tells_the_reason_and_fails(digit_infer, tmp_path):
    path = write_onnx(tmp_path / "logits.onnx", softmax=False)
    is_refused_for_its_answers(digit_infer("bench", "--model", path, "--quick"), path)
    run = digit_infer("bench", "--model", path, "--runtime", "tflite")
    assert (run.code, run.out) == (2, "")
    assert run.err == "error: tflite reads no .onnx file; choose the runtime onnx-cpu\n"


def tflite_bytes_of(network):
    import tensorflow as tf

    return tf.lite.TFLiteConverter.from_keras_model(network).convert()


@pytest.mark.parametrize(
    ("shape", "dtype", "activation"),
    [((28, 28), "float32", "softmax"), ((28, 28, 1), "uint8", "softmax"), ((28, 28), "uint8", "sigmoid")],
)
def test_tflite_files_that_answer_no_digits_are_refused(digit_infer, examples, tmp_path, shape, dtype, activation):
    path = tflite_of_ones_own(tmp_path, shape, dtype, activation)
    is_refused_for_its_answers(digit_infer("predict", examples / "seven.png", "--model", path), path)


def test_a_tflite_file_that_keeps_the_contract_runs(digit_infer, examples, tmp_path):
    path = tflite_of_ones_own(tmp_path, (28, 28), "uint8", "softmax")
    run = digit_infer("predict", examples / "seven.png", "--model", path)
    assert run.code == 0
    assert "tflite" in run.err
    run = digit_infer("bench", "--model", path, "--batch", "4", "--time", "0.02")
    assert (run.code, str(path) in run.out) == (0, True)


def tflite_of_ones_own(folder, shape, dtype, activation):
    keras.utils.set_random_seed(1)
    pixels = keras.Input(shape, dtype=dtype)
    values = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(pixels))
    path = folder / "own.tflite"
    path.write_bytes(tflite_bytes_of(keras.Model(pixels, keras.layers.Dense(10, activation)(values))))
    return path


def test_a_batch_that_is_fixed_inside_is_found_when_the_file_is_opened(digit_infer, examples, tmp_path):
    pixels = keras.Input((28, 28), dtype="uint8")
    values = keras.ops.cast(pixels, "float32") / 255
    one = keras.layers.Dense(10, "softmax")(keras.ops.reshape(values, (1, 784)))
    path = tmp_path / "own.tflite"
    path.write_bytes(tflite_bytes_of(keras.Model(pixels, one + 0 * keras.ops.sum(values, axis=(1, 2))[:, None])))
    run = digit_infer("predict", examples / "seven.png", "--model", path)
    assert (run.code, run.out) == (1, "")
    assert run.err.startswith(f"error: {path} answers no picture (Cannot set tensor")
    assert len(run.err.splitlines()) == 1


@pytest.mark.parametrize(("held", "named"), [("onnx", "tflite"), ("tflite", "onnx"), ("onnx", "keras")])
def test_a_wrong_suffix_is_told(digit_infer, examples, tmp_path, held, named):
    path = tmp_path / f"own.{named}"
    precision = {"onnx": "float32", "tflite": "int8"}[held]
    shutil.copy(zoo.FILES / f"softmax_regression.{precision}.{held}", path)
    run = digit_infer("predict", examples / "seven.png", "--model", path)
    assert (run.code, run.out) == (1, "")
    assert run.err == f"error: {path} holds a {held} model; rename it to end in .{held}\n"


def test_keras_files_given_to_predict(digit_infer, examples, tmp_path, small_file):
    run = digit_infer("predict", examples / "seven.png", "--model", small_file)
    assert run.code == 0
    assert f"assumed of {small_file}: it takes pixels in 0..1" in run.err
    path = tmp_path / "own.keras"
    small_network(activation=None).save(path)
    is_refused_for_its_answers(digit_infer("predict", examples / "seven.png", "--model", path), path)
