"""TensorFlow Lite Micro: what it answers, and that what it cannot run ends in an error and not in the process."""

import numpy as np
import pytest

from digit_infer import Predictor, zoo
from digit_infer.benchmark.configuration import Configuration, available_runtimes, configurations
from digit_infer.errors import ContractError, DamagedModelError, UsageError
from digit_infer.runtimes import RUNTIMES
from digit_infer.runtimes.model_file import ModelFile
from digit_infer.runtimes.tflm import ample_arena, full_integer, library
from digit_infer.zoo.resolve import AUTO_ORDER, plan

REASON = RUNTIMES["tflm"].availability().reason
pytestmark = pytest.mark.skipif(REASON is not None, reason=f"tflm: {REASON}")

SMALL = (zoo.FILES / "softmax_regression.int8.tflite").read_bytes()


def edited(edit, content=SMALL):
    """Return a file with its one graph changed."""
    import flatbuffers

    _, runtime = library()
    model = runtime.convert_bytearray_to_object(content)
    edit(model.subgraphs[0], runtime.schema_fb)
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def opened(content, path, name="tflm"):
    path.write_bytes(content)
    return RUNTIMES[name].open(ModelFile(str(path), path, "tflite", None, len(content)), None)


@pytest.mark.parametrize("model", list(zoo.models()))
def test_it_answers_what_the_file_answers_on_a_computer(model, mnist_test):
    images = mnist_test.images[:50]
    answers = plan(model, "tflm", None, None).open().session.answers(images)
    np.testing.assert_allclose(answers.sum(axis=1), 1, atol=0.03)
    expected = plan(model, "tflite", "int8", None).open().session.answers(images)
    assert (answers.argmax(axis=1) != expected.argmax(axis=1)).sum() <= 2  # kernels round ties in int8 in their own ways
    assert np.abs(answers - expected).mean() < 0.01


def test_the_predictor_takes_the_int8_file_and_says_what_runs(examples):
    with Predictor("lenet5_v2", runtime="tflm") as predictor:
        assert (predictor.precision, predictor.threads) == ("int8", 1)
        assert predictor.provider.startswith("tflite-micro 0.dev")
        assert predictor.predict(examples / "seven.png").digit == 7


def test_it_is_taken_only_by_name():
    assert "tflm" not in AUTO_ORDER
    assert "tflm" not in available_runtimes()
    planned = configurations(["lenet"], ["tflm"], ["float32", "int8"], [None], [1])
    assert planned == [Configuration("lenet", "tflm", "int8", None, 1)]


def test_a_fixed_batch_of_one_runs_here_and_nowhere_else(tmp_path, mnist_test):
    def fix(graph, schema):
        for tensor in graph.tensors:
            tensor.shapeSignature = None

    content = edited(fix)
    fixed = opened(content, tmp_path / "fixed.tflite").answers(mnist_test.images[:20])
    dynamic = opened(SMALL, tmp_path / "dynamic.tflite").answers(mnist_test.images[:20])
    np.testing.assert_array_equal(fixed, dynamic)
    with pytest.raises(ContractError, match=r"uint8 \[1, 28, 28\] to float32 \[1, 10\], not uint8 \[N, 28, 28\]"):
        opened(content, tmp_path / "fixed.tflite", "tflite")


def test_another_fixed_batch_is_refused(tmp_path):
    def fix(graph, schema):
        graph.tensors[graph.inputs[0]].shape = [4, 28, 28]
        graph.tensors[graph.outputs[0]].shape = [4, 10]

    with pytest.raises(ContractError, match=r"uint8 \[4, 28, 28\] to float32 \[4, 10\], not uint8 \[1, 28, 28\]"):
        opened(edited(fix), tmp_path / "four.tflite")


def test_more_than_one_thread_is_wrong_use():
    with pytest.raises(UsageError, match="tflm runs on one thread, not 2"):
        plan("softmax_regression", "tflm", None, 2).open()


def test_another_precision_is_wrong_use():
    with pytest.raises(UsageError, match="tflm runs only int8, not float32"):
        plan("softmax_regression", "tflm", "float32", None)


def test_a_file_that_computes_in_floats_is_wrong_use(tmp_path):
    def in_floats(graph, schema):
        graph.tensors[graph.operators[0].outputs[0]].type = schema.TensorType.FLOAT32

    with pytest.raises(UsageError, match=r"tflm runs full-integer files, and .* computes in float32"):
        opened(edited(in_floats), tmp_path / "floats.tflite")


def stray_tensor(graph, schema):
    graph.operators[0].outputs = [999]


def stray_operator(graph, schema):
    graph.operators[1].opcodeIndex = 77


def stray_buffer(graph, schema):
    graph.tensors[2].buffer = 10_000


def short_constant(graph, schema):
    weights = next(tensor for tensor in graph.tensors if list(tensor.shape) == [10, 784])
    weights.shape = [10, 785]


def huge_tensor(graph, schema):
    graph.tensors[graph.operators[0].outputs[0]].shape = [1, 2**30, 28]


def no_scale(graph, schema):
    graph.tensors[graph.operators[0].outputs[0]].quantization = None


def unknown_operator(graph, schema):
    graph.operators[-2].opcodeIndex = graph.operators[1].opcodeIndex


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (stray_tensor, "it refers to number 999 of"),
        (stray_operator, "it refers to number 77 of"),
        (stray_buffer, "it refers to number 10000 of"),
        (short_constant, "a constant of 7,850 bytes has 7,840"),
        (huge_tensor, "its tensors take 30,064,7"),
        (no_scale, "has integers without a scale"),
        (unknown_operator, r"cannot be run by tflite-micro .*; its operators are QUANTIZE, RESHAPE, "),
    ],
)
def test_damage_that_would_end_the_process_is_an_error(damage, message, tmp_path):
    with pytest.raises(DamagedModelError, match=message) as caught:
        opened(edited(damage), tmp_path / "damaged.tflite")
    assert len(str(caught.value).splitlines()) == 1


def test_a_file_of_the_zoo_is_held_against_its_sha256_before_it_is_loaded(tmp_path):
    path = tmp_path / "altered.tflite"
    path.write_bytes(SMALL + b"\0")
    file = zoo.files_of(zoo.model_named("softmax_regression"), "tflite", "int8")[0]
    with pytest.raises(DamagedModelError, match="is truncated or altered: its sha256 is"):
        RUNTIMES["tflm"].open(ModelFile("softmax_regression", path, "tflite", "int8", file.bytes, file.sha256), None)


def test_an_onnx_file_under_another_name_is_refused(tmp_path):
    with pytest.raises(DamagedModelError, match="is no TFLite model"):
        opened((zoo.FILES / "softmax_regression.float32.onnx").read_bytes(), tmp_path / "onnx.tflite")


def test_a_file_is_read_as_it_is():
    found = full_integer("softmax_regression", SMALL)
    assert found.inputs == (("uint8", (1, 28, 28)),)
    assert found.outputs == (("float32", (1, 10)),)
    assert found.operators == ("QUANTIZE", "RESHAPE", "FULLY_CONNECTED", "DEQUANTIZE", "SOFTMAX")
    assert set(found.inner_types) == {"uint8", "int8", "int32"}
    assert 3 * 784 < found.variable_bytes < 3 * 784 + 160  # bytes in, quantized, flat; and a few tens of answers
    assert ample_arena(found, SMALL) > len(SMALL) + found.variable_bytes
