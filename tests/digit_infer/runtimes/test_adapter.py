"""Classifiers as other people save them: each is the zoo's softmax regression behind other ends, built node by node."""

import json
import pickle

import numpy as np
import pytest

from digit_infer import Predictor, zoo
from digit_infer.contract import SIDE
from digit_infer.errors import ContractError, UsageError
from digit_infer.runtimes import RUNTIMES
from digit_infer.runtimes.adapter import (
    AdaptedSession,
    Adapter,
    End,
    adapter_of,
    ending_of,
    fits,
    forms,
    probabilities,
    resampling,
)
from digit_infer.runtimes.model_file import own_file
from digit_infer.runtimes.plausibility import fitted
from digit_infer.runtimes.preprocessing import Preprocessing

onnx = pytest.importorskip("onnx")
helper, types = onnx.helper, onnx.TensorProto
MODEL = "softmax_regression"
UNIT, BYTES = Preprocessing(), Preprocessing(scale=255)
SIGNED, MNIST = Preprocessing(mean=0.5, std=0.5), Preprocessing(mean=0.1307, std=0.3081)
DARK = Preprocessing(inverted=True)


@pytest.fixture(scope="module")
def weights():
    """The product and the sum that turn pixels in 0..1, float [N, 784], into logits."""
    [file] = zoo.files_of(zoo.model_named(MODEL), "onnx", "float32")
    graph = onnx.load(zoo.FILES / file.file).graph
    held = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    [gemm] = [node for node in graph.node if node.op_type == "Gemm"]
    kernel, bias = held[gemm.input[1]], held[gemm.input[2]]
    kernel = kernel if kernel.shape[0] == SIDE * SIDE else kernel.T
    return kernel * (255 if np.abs(kernel).max() < 0.1 else 1), bias


@pytest.fixture(scope="module")
def expected(mnist_test):
    with Predictor(MODEL) as predictor:
        return predictor.predict_array(mnist_test.images[:300])


class Asked:
    """A file whose format is detected in this process."""

    def __init__(self, path):
        bare = RUNTIMES["onnx-cpu"].bare(own_file(path), 1)
        self.adapter = fitted(bare, path.name, Adapter())
        self.note = self.adapter.note
        self.predict_array = AdaptedSession(bare, self.adapter, path.name).answers


@pytest.fixture
def saved(tmp_path, weights):
    """Save the classifier with another input, other pixels and another output."""

    def save(
        shape, pixels=UNIT, dtype="FLOAT", before=(), behind=("Softmax",), classes=None, name="mine.onnx", reverse=False
    ):
        kernel, bias = weights
        kernel = kernel[::-1] if reverse else kernel
        kernel = kernel / pixels.factor
        bias = bias - pixels.offset * kernel.sum(axis=0)
        if classes is not None:
            wide, low = np.zeros((len(kernel), 13)), np.full(13, -9.0)
            wide[:, list(classes)], low[list(classes)] = kernel, bias
            kernel, bias = wide, low
        batch = shape[0]
        nodes = [*before, helper.make_node("Cast", [before[-1].output[0] if before else "x"], ["f"], to=types.FLOAT)]
        nodes += [
            helper.make_node("Reshape", ["f", "flat"], ["r"]),
            helper.make_node("Gemm", ["r", "kernel", "bias"], ["l0"]),
        ]
        value = "l0"
        for number, kind in enumerate(behind):
            nodes.append(helper.make_node(kind, [value], [f"l{number + 1}"]))
            value = f"l{number + 1}"
        constants = {
            "flat": np.array([batch if isinstance(batch, int) else -1, SIDE * SIDE], np.int64),
            "kernel": kernel.astype(np.float32),
            "bias": bias.astype(np.float32),
        }
        graph = helper.make_graph(
            nodes,
            "theirs",
            [helper.make_tensor_value_info("x", getattr(types, dtype), shape)],
            [helper.make_tensor_value_info(value, types.FLOAT, [batch, len(bias)])],
            [onnx.numpy_helper.from_array(array, name) for name, array in constants.items()],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.save(model, tmp_path / name)
        return tmp_path / name

    return save


FORMS = [
    ("FLOAT", ["N", 28, 28]),
    ("FLOAT", ["N", 28, 28, 1]),
    ("FLOAT", ["N", 1, 28, 28]),
    ("FLOAT", ["N", 784]),
    ("FLOAT", ["N", 1, 784]),
    ("FLOAT", ["N", 1, 1, 28, 28]),
    ("FLOAT16", ["N", 1, 28, 28]),
    ("DOUBLE", ["N", 784]),
    ("FLOAT", [1, 28, 28]),
    ("FLOAT", [1, 1, 28, 28]),
    ("FLOAT", [7, 784]),
    ("FLOAT", ["N", "C", "H", "W"]),
]


@pytest.mark.parametrize(("dtype", "shape"), FORMS, ids=str)
def test_a_picture_may_lie_in_any_usual_form(saved, expected, mnist_test, dtype, shape):
    predictor = Asked(saved(shape, dtype=dtype))
    found = predictor.predict_array(mnist_test.images[:300])
    assert predictor.adapter.pixels == UNIT
    assert predictor.note.startswith("assumed of ")
    np.testing.assert_allclose(found, expected, atol=2e-3 if dtype == "FLOAT16" else 1e-5)


@pytest.mark.parametrize("pixels", [BYTES, SIGNED, MNIST, DARK], ids=str)
def test_the_scale_of_pixels_is_found_by_the_answers(saved, expected, mnist_test, pixels):
    predictor = Asked(saved(["N", 1, 28, 28], pixels))
    assert predictor.adapter.pixels == pixels
    assert str(pixels) in predictor.note
    np.testing.assert_allclose(predictor.predict_array(mnist_test.images[:300]), expected, atol=1e-4)


@pytest.mark.parametrize("dtype", ["UINT8", "INT32", "INT64"])
def test_whole_numbers_are_bytes(saved, expected, mnist_test, dtype):
    predictor = Asked(saved(["N", 28, 28, 1], BYTES, dtype=dtype))
    assert predictor.adapter.pixels == BYTES
    np.testing.assert_allclose(predictor.predict_array(mnist_test.images[:300]), expected, atol=1e-5)


@pytest.mark.parametrize("behind", [(), ("LogSoftmax",)], ids=["logits", "logarithms"])
def test_logits_and_logarithms_become_probabilities(saved, expected, mnist_test, behind):
    predictor = Asked(saved(["N", 784], behind=behind))
    assert predictor.adapter.ending == "logits"
    np.testing.assert_allclose(predictor.predict_array(mnist_test.images[:300]), expected, atol=1e-5)


def test_ten_sigmoids_are_divided_by_their_sum_and_keep_the_digit(saved, mnist_test):
    predictor = Asked(saved(["N", 784], behind=("Sigmoid",)))
    assert predictor.adapter.ending == "scores"
    found = predictor.predict_array(mnist_test.images[:300])
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)


def test_scores_that_round_to_equals_keep_the_larger_one_first():
    numbers = np.array([[np.nextafter(np.float32(1), np.float32(0)), 1, *[0.0] * 8]], np.float32)
    assert probabilities(numbers, "scores", None).argmax() == 1


@pytest.mark.parametrize("classes", [tuple(range(10)), tuple(range(3, 13)), (5, 4, 3, 2, 1, 0, 12, 11, 10, 9)])
def test_which_ten_of_thirteen_outputs_are_digits_is_found(saved, expected, mnist_test, classes):
    predictor = Asked(saved(["N", 784], classes=classes))
    assert predictor.adapter.classes == classes
    assert f"digits are outputs {classes[0]}," in predictor.note
    found = predictor.predict_array(mnist_test.images[:300])
    np.testing.assert_array_equal(found.argmax(axis=1), expected.argmax(axis=1))


def test_three_equal_channels_are_made_of_one(saved, expected, mnist_test):
    mean = helper.make_node("ReduceMean", ["x"], ["m"], axes=[1])
    predictor = Asked(saved(["N", 3, 28, 28], before=(mean,)))
    assert (predictor.adapter.channels, predictor.adapter.layout) == (3, "channels-first")
    np.testing.assert_allclose(predictor.predict_array(mnist_test.images[:300]), expected, atol=1e-5)


def test_a_larger_picture_gets_a_border_or_is_stretched(saved, expected, mnist_test):
    cut = helper.make_node("Slice", ["x", "from", "to", "axes"], ["m"])
    constants = [
        helper.make_node("Constant", [], [name], value_ints=values)
        for name, values in (("from", [2, 2]), ("to", [30, 30]), ("axes", [2, 3]))
    ]
    predictor = Asked(saved(["N", 1, 32, 32], before=(*constants, cut)))
    assert (predictor.adapter.side, predictor.adapter.size) == (32, "padded")
    np.testing.assert_allclose(predictor.predict_array(mnist_test.images[:300]), expected, atol=1e-5)


def test_what_the_user_says_is_taken_and_refused_where_other_pixels_are_far_better(saved):
    path = saved(["N", 1, 28, 28], BYTES)
    with Predictor(path, adapter=Adapter(Preprocessing(scale=254))) as predictor:
        assert predictor.note.startswith("taken as told")
    with pytest.raises(ContractError, match=r"with pixels in 0\.\.1, and .* with pixels in 0\.\.255; pass --scale 255"):
        Predictor(path, adapter=Adapter(UNIT))
    with pytest.raises(UsageError, match="keeps the contract"):
        Predictor(MODEL, adapter=Adapter(UNIT))


def test_a_classifier_of_something_else_is_refused_with_the_options(saved):
    with pytest.raises(ContractError, match=r"answers at most .*; say what it was trained on with --scale, --mean, --std"):
        Asked(saved(["N", 784], reverse=True))


def test_other_inputs_and_outputs_are_named(saved):
    with pytest.raises(ContractError, match=r"takes float32 \[N, 3, 224, 224\], and no picture of 8 to 64 pixels"):
        Asked(saved(["N", 3, 224, 224]))


def test_a_zoo_file_has_no_adapter_and_no_note(tmp_path):
    with Predictor(MODEL) as predictor:
        assert (predictor.adapter, predictor.note) == (None, "")
    [file] = zoo.files_of(zoo.model_named(MODEL), "onnx", "float32")
    copy = tmp_path / "copy.onnx"
    copy.write_bytes((zoo.FILES / file.file).read_bytes())
    with Predictor(copy) as predictor:
        assert (predictor.adapter, predictor.note) == (None, "")


def test_a_copy_in_another_process_is_spoken_to_the_same_way(saved, mnist_test):
    with Predictor(saved(["N", 1, 28, 28], MNIST)) as predictor, pickle.loads(pickle.dumps(predictor)) as copy:  # noqa: S301  # ours
        assert copy.adapter == predictor.adapter
        images = mnist_test.images[:50]
        np.testing.assert_array_equal(copy.predict_array(images), predictor.predict_array(images))


def test_an_adapter_is_the_same_after_json(saved):
    predictor = Asked(saved(["N", 784], classes=tuple(range(3, 13))))
    assert adapter_of(json.loads(json.dumps(predictor.adapter.told()))) == predictor.adapter


def test_an_empty_array_and_one_of_odd_length_are_answered_at_a_fixed_batch(saved, expected, mnist_test):
    predictor = Asked(saved([7, 1, 28, 28]))
    assert predictor.predict_array(mnist_test.images[:0]).shape == (0, 10)
    np.testing.assert_allclose(predictor.predict_array(mnist_test.images[:10]), expected[:10], atol=1e-5)


@pytest.mark.parametrize(
    ("shape", "layouts"),
    [
        ((None, 28, 28), ["rows"]),
        ((28, 28), ["rows"]),
        ((784,), ["flat"]),
        ((None, None), ["flat"]),
        ((1, 28, 28), ["rows"]),
        ((None, 28, 28, 3), ["channels-last"]),
        ((None, 10), []),
        ((None, 2, 28, 28), []),
        (None, ["flat", "rows", "channels-first", "channels-last"]),
    ],
)
def test_the_layouts_that_a_shape_allows(shape, layouts):
    assert [form.layout for form in forms(End("x", "float32", shape), Adapter())] == layouts


def test_an_input_of_integers_holds_only_pixels_that_it_can_tell_apart():
    assert not fits(UNIT, End("x", "uint8", None))
    assert fits(BYTES, End("x", "uint8", None))
    assert fits(UNIT, End("x", "int8", None, 1 / 255, -128))
    assert not fits(BYTES, End("x", "int8", None, 1 / 255, -128))
    assert not fits(UNIT, End("x", "bool", None))


def test_resampling_keeps_an_even_ground_and_the_sum_of_weights():
    for side in (8, 14, 20, 32, 64):
        np.testing.assert_allclose(resampling(side).sum(axis=1), 1, atol=1e-6)


def test_probabilities_scores_and_logits_are_told_apart():
    assert ending_of(np.array([[0.2, 0.8]], np.float32)) == "probabilities"
    assert ending_of(np.array([[0.9, 0.8]], np.float32)) == "scores"
    assert ending_of(np.array([[-2.0, 0.8]], np.float32)) == "logits"


def test_the_command_line_says_what_was_assumed(saved, digit_infer, examples):
    path = saved(["N", 1, 28, 28], BYTES)
    run = digit_infer("predict", examples / "seven.png", "--model", path, "--json")
    document = json.loads(run.out)
    assert (run.code, document["adapter"]["pixels"]["scale"]) == (0, 255)
    assert run.err.splitlines()[0] == document["note"]
    wrong = digit_infer("predict", examples / "seven.png", "--model", path, "--scale", "1")
    assert (wrong.code, wrong.out) == (1, "")
    assert "pass --scale 255, or leave it to be found" in wrong.err


def test_bench_says_at_once_that_a_file_cannot_run(saved, digit_infer):
    run = digit_infer("bench", "--model", saved(["N", 3, 224, 224]), "--quick")
    assert (run.code, run.out) == (1, "")
    assert run.err.splitlines()[-1].startswith("error: ")
    assert "no picture of 8 to 64 pixels a side" in run.err
