"""What the GPU runtimes are made of, with the CPU as the device: the same code, up to the name of the device."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from digit_infer import zoo
from digit_infer.errors import DamagedModelError, InvalidArrayError, RuntimeUnavailableError
from digit_infer.runtimes.bound_session import KEPT_BATCHES, LARGEST_BATCH, Device, open_placed
from digit_infer.runtimes.model_file import ModelFile
from digit_infer.runtimes.placement import PlacedNode, PlacedSession, Placement, described, refuse_misplaced
from digit_infer.zoo.resolve import plan

CPU = "CPUExecutionProvider"
CUDA = "CUDAExecutionProvider"
TENSORRT = "TensorrtExecutionProvider"


def zoo_onnx(model):
    entry = zoo.model_named(model)
    return zoo.zoo_file(entry, zoo.files_of(entry, "onnx", None)[0])


def opened(model, *, providers=(CPU,), captures=False):
    options = [(provider, {}) for provider in providers]
    return open_placed("onnx-gpu", zoo_onnx(model), options, Device("cpu", "this CPU"), None, captures=captures)


def by_run(model):
    """The same file through ``InferenceSession.run``."""
    return plan(model, "onnx-cpu", None, None).open().session.answers


@pytest.mark.parametrize("model", list(zoo.models()))
def test_every_model_answers_from_bound_memory_as_from_its_callers_arrays(model, mnist_test):
    images = mnist_test.images[:3]
    session = opened(model)
    np.testing.assert_array_equal(session.answers(images), by_run(model)(images))
    assert session.placement.counts().keys() == {CPU}
    assert session.placement.outside([CPU]) == ()
    assert {"Cast", "Gemm", "Softmax"} <= {node.operator for node in session.placement.on(CPU)}


@pytest.mark.parametrize("captures", [False, True])
def test_any_number_of_images_in_any_order(captures, mnist_test):
    session, run = opened("cnn_arch3", captures=captures), by_run("cnn_arch3")
    for count in (0, 1, 3, 256, 1, 0, 3):
        answers = session.answers(mnist_test.images[:count])
        assert answers.dtype == np.float32
        np.testing.assert_array_equal(answers, run(mnist_test.images[:count]))
    mirrored = mnist_test.images[:9, :, ::-1]
    assert not mirrored.flags.c_contiguous
    np.testing.assert_array_equal(session.answers(mirrored), run(mirrored.copy()))


def test_more_images_than_the_device_takes_go_in_parts(mnist_test):
    images = mnist_test.images[: 2 * LARGEST_BATCH + 5]
    answers = opened("softmax_regression").answers(images)
    np.testing.assert_allclose(answers, by_run("softmax_regression")(images), atol=1e-6)


def test_an_answer_is_the_callers_own(mnist_test):
    session = opened("softmax_regression")
    first = session.answers(mnist_test.images[:2])
    kept = first.copy()
    session.answers(mnist_test.images[2:4])
    np.testing.assert_array_equal(first, kept)
    first[:] = 0
    np.testing.assert_array_equal(session.answers(mnist_test.images[:2]), kept)


@pytest.mark.parametrize("captures", [False, True])
def test_memory_is_kept_for_a_few_numbers_of_images_and_each_of_them_has_a_graph(captures, mnist_test):
    session, run = opened("softmax_regression", captures=captures), by_run("softmax_regression")
    for count in [*range(1, KEPT_BATCHES + 4), *range(1, KEPT_BATCHES + 4)]:
        images = mnist_test.images[count : 2 * count]
        np.testing.assert_array_equal(session.answers(images), run(images))
    assert list(session._kept) == list(range(1, KEPT_BATCHES + 1))
    graphs = [batch.options and batch.options.get_run_config_entry("gpu_graph_id") for batch in session._kept.values()]
    assert graphs == [str(count) if captures else None for count in session._kept]
    without = session._allocated(KEPT_BATCHES + 1).options
    assert (without and without.get_run_config_entry("gpu_graph_id")) == ("-1" if captures else None)


def test_threads_take_turns(mnist_test, in_threads):
    session = opened("softmax_regression", captures=True)
    expected = {count: by_run("softmax_regression")(mnist_test.images[-count:]) for count in (1, 3, 64)}
    wrong = []

    def ask(count):
        for _ in range(50):
            if not np.array_equal(session.answers(mnist_test.images[-count:]), expected[count]):
                wrong.append(count)

    in_threads(ask, expected)
    assert wrong == []


@pytest.mark.parametrize("change", [lambda images: images.astype(np.int8), lambda images: images[:, 1:]])
def test_no_other_bytes_go_to_the_device(change, mnist_test):
    with pytest.raises(InvalidArrayError):
        opened("softmax_regression").answers(change(mnist_test.images[:2]))


def test_a_session_says_where_it_runs():
    session = opened("softmax_regression")
    assert isinstance(session, PlacedSession)
    assert not isinstance(plan("softmax_regression", "onnx-cpu", None, None).open().session, PlacedSession)
    assert (session.device, session.provider, session.threads) == ("this CPU", CPU, 1)
    assert session.placement.counts() == {CPU: {"Cast": 1, "Reshape": 1, "Gemm": 1, "Softmax": 1}}


def test_the_placement_holds_what_a_run_does(tmp_path):
    """Without fusions, a profile names the operators that the placement names, on the same provider."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.enable_profiling = True
    options.profile_file_prefix = str(tmp_path / "profile")
    session = onnxruntime.InferenceSession(zoo_onnx("cnn_arch3").path, options, providers=[CPU])
    session.run(None, {"images": np.zeros((1, 28, 28), np.uint8)})
    events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    ran = [(event["args"]["op_name"], event["args"]["provider"]) for event in events if event["cat"] == "Node"]
    assert sorted(ran) == sorted((node.operator, node.provider) for node in opened("cnn_arch3").placement.nodes)


@pytest.mark.skipif("AzureExecutionProvider" not in onnxruntime.get_available_providers(), reason="a package without it")
def test_a_provider_that_the_session_names_first_but_gives_no_node_is_refused():
    providers = ["AzureExecutionProvider"]
    session = onnxruntime.InferenceSession(zoo_onnx("lenet").path, providers=providers)
    assert session.get_providers()[0] == "AzureExecutionProvider"  # so the list of providers proves nothing
    with pytest.raises(
        RuntimeUnavailableError, match=r"13 of its 13 nodes would run on CPUExecutionProvider.*Conv 'Conv_1'"
    ):
        opened("lenet", providers=providers)


def test_a_provider_that_is_not_there_is_refused_and_nothing_is_printed(capfd):
    with (
        pytest.warns(UserWarning, match="not in available"),
        pytest.raises(RuntimeUnavailableError, match="NoSuch refused"),
    ):
        opened("softmax_regression", providers=["NoSuch"])
    assert capfd.readouterr() == ("", "")


def test_a_damaged_file_is_called_damaged(tmp_path):
    path = tmp_path / "damaged.onnx"
    path.write_bytes(b"not a model" * 40)
    file = ModelFile(str(path), path, "onnx", None, path.stat().st_size)
    with pytest.raises(DamagedModelError, match="is no ONNX model"):
        open_placed("onnx-gpu", file, [(CPU, {})], Device("cpu", "this CPU"), None)


SHAPES = [PlacedNode("s", "Shape", CPU), PlacedNode("g", "Gather", CPU), PlacedNode("c", "Concat", CPU)]
NETWORK = [PlacedNode("a", "Cast", CUDA), PlacedNode("b", "Conv", CUDA), PlacedNode("p", "Softmax", CUDA)]


def test_the_arithmetic_of_shapes_may_stay_on_the_cpu():
    placement = Placement((*SHAPES, *NETWORK, *NETWORK))
    refuse_misplaced("onnx-gpu", placement, [CUDA])
    assert [node.operator for node in placement.outside([CUDA])] == ["Shape", "Gather", "Concat"]
    assert described(placement.counts()) == f"6 nodes on {CUDA}, 3 nodes on {CPU} (Shape, Gather, Concat)"


@pytest.mark.parametrize("operator", ["Cast", "Conv", "Gemm", "Mul", "MaxPool", "Softmax", "com.microsoft.Concat"])
def test_what_touches_every_picture_may_not(operator):
    placement = Placement((*SHAPES, *NETWORK, PlacedNode("stray", operator, CPU)))
    with pytest.raises(RuntimeUnavailableError, match=f"1 of its 7 nodes would run on {CPU}.*: {operator} 'stray'; "):
        refuse_misplaced("onnx-gpu", placement, [CUDA])


def test_tensorrt_may_leave_nodes_to_cuda_but_not_all():
    refuse_misplaced("onnx-tensorrt", Placement((*NETWORK, PlacedNode("t", "Gemm", TENSORRT))), [TENSORRT, CUDA])
    with pytest.raises(RuntimeUnavailableError, match=f"{TENSORRT} runs none of its nodes"):
        refuse_misplaced("onnx-tensorrt", Placement(tuple(NETWORK)), [TENSORRT, CUDA])


def test_a_long_list_of_nodes_stays_a_line():
    nodes = tuple(PlacedNode(str(number), "Conv", CPU) for number in range(500))
    with pytest.raises(RuntimeUnavailableError, match="Conv '9' and 490 more; ") as caught:
        refuse_misplaced("onnx-gpu", Placement(nodes), [CUDA])
    assert len(str(caught.value)) < 400
