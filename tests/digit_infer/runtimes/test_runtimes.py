import subprocess
import sys

import numpy as np
import pytest

from digit_infer import zoo
from digit_infer.contract import FORMATS
from digit_infer.errors import (
    ContractError,
    DamagedModelError,
    DigitInferError,
    InferenceError,
    RuntimeUnavailableError,
    UnknownRuntimeError,
)
from digit_infer.runtimes import RUNTIMES, runtime_named
from digit_infer.runtimes.model_file import ModelFile
from digit_infer.runtimes.protocol import RUNTIME_NAMES
from digit_infer.zoo.resolve import plan

WORKING = [name for name in RUNTIMES if RUNTIMES[name].availability().available]
AVAILABLE = [name for name in WORKING if not name.startswith("browser-")]
"""A browser takes seconds to start; test_browser.py asks one of each kind."""
REAL = [name for name in AVAILABLE if name != "null"]
FAST = [name for name in REAL if name != "tflm"]
"""tflm answers a thousand images in up to ten seconds; test_tflm.py asks it for fewer."""


def own(path, model_format="onnx"):
    return ModelFile(str(path), path, model_format, None, path.stat().st_size)


def test_the_table_holds_every_name_once():
    assert list(RUNTIMES) == list(RUNTIME_NAMES) == [RUNTIMES[name].name for name in RUNTIME_NAMES]
    assert {RUNTIMES[name].format for name in RUNTIMES} == {*FORMATS, None}
    with pytest.raises(KeyError):
        RUNTIMES["onnx"]
    with pytest.raises(UnknownRuntimeError, match="choose from onnx-cpu"):
        runtime_named("cuda")


def test_onnx_cpu_works_wherever_these_tests_do():
    assert "onnx-cpu" in AVAILABLE


@pytest.mark.parametrize("name", [name for name in RUNTIME_NAMES if name not in WORKING])
def test_what_is_not_available_says_why_and_refuses(name):
    reason = RUNTIMES[name].availability().reason
    assert reason.startswith(
        (
            "not installed: ",
            "there is no Chromium: ",
            "no CUDA device: ",
            "the NVIDIA driver supports ",
            "TensorRT does not load ",
            "tflite-runtime",
            "onnxruntime",
        )
    )
    with pytest.raises(RuntimeUnavailableError, match="is not available") as caught:
        plan("softmax_regression", name, None, None)
    assert reason in str(caught.value)


@pytest.mark.parametrize("name", FAST)
@pytest.mark.parametrize("model", list(zoo.models()))
def test_every_model_answers_on_every_runtime_as_its_manifest_says(model, name, mnist_test):
    session = plan(model, name, None, None).open().session
    answers = session.answers(mnist_test.images[:1000])
    assert answers.shape == (1000, 10)
    assert answers.dtype == np.float32
    np.testing.assert_allclose(answers.sum(axis=1), 1, atol=0.03)
    right = (answers.argmax(axis=1) == mnist_test.labels[:1000]).mean()
    assert abs(right - zoo.model_named(model).accuracy.share) < 0.03


@pytest.mark.parametrize("model", list(zoo.models()))
def test_runtimes_agree_but_for_the_flips_that_the_manifest_lists(model, mnist_test):
    images = mnist_test.images[:1000]
    listed = {flip for file in zoo.model_named(model).files for flip in file.parity.flips}
    answers = [plan(model, name, None, None).open().session.answers(images).argmax(axis=1) for name in FAST]
    for other in answers[1:]:
        differing = {int(index) for index in np.flatnonzero(answers[0] != other)}
        assert len(differing - listed) <= 2  # another CPU may round a tie in int8 another way


@pytest.mark.parametrize("name", AVAILABLE)
def test_any_number_of_images_contiguous_or_not(name, mnist_test):
    session = plan("softmax_regression", name, None, None).open().session
    images = mnist_test.images[:300]
    whole = session.answers(images)
    for count in (0, 1, 7, 0, 300, 1):
        answers = session.answers(images[:count])
        assert answers.shape == (count, 10)
        assert answers.dtype == np.float32
        np.testing.assert_allclose(answers, whole[:count], atol=1e-5)
    mirrored = images[:9, :, ::-1]
    assert not mirrored.flags.c_contiguous
    np.testing.assert_array_equal(session.answers(mirrored), session.answers(mirrored.copy()))


@pytest.mark.parametrize("name", AVAILABLE)
@pytest.mark.parametrize("count", [1, 32, 33])
def test_answers_are_arrays_of_their_own(name, count, mnist_test):
    """Though input and output may lie in arrays that the next call uses again."""
    session = plan("softmax_regression", name, None, None).open().session
    first, second = mnist_test.images[:count].copy(), mnist_test.images[100 : 100 + count]
    answers = session.answers(first)
    kept = answers.copy()
    first[:] = 0
    others = session.answers(second)
    np.testing.assert_array_equal(answers, kept)
    assert not np.shares_memory(answers, others)
    assert answers.flags.writeable


@pytest.mark.parametrize("count", [2, 40])
def test_numbers_of_another_type_are_refused_and_not_cast(count, mnist_test):
    session = plan("softmax_regression", "onnx-cpu", None, None).open().session
    with pytest.raises(InferenceError, match="float"):
        session.answers(mnist_test.images[:count].astype(np.float32))


@pytest.mark.parametrize("name", AVAILABLE)
def test_threads_share_a_session(name, mnist_test, in_threads):
    session = plan("softmax_regression", name, None, None).open().session
    expected = {count: session.answers(mnist_test.images[:count]) for count in (1, 3, 64)}
    wrong = []

    def ask(count):
        for _ in range(50):
            if not np.allclose(session.answers(mnist_test.images[:count]), expected[count], atol=1e-5):
                wrong.append(count)

    in_threads(ask, expected)
    assert wrong == []


@pytest.mark.parametrize("name", [name for name in REAL if name != "keras"])
def test_damaged_files_are_refused(name, tmp_path):
    runtime = RUNTIMES[name]
    good = zoo.files_of(zoo.model_named("softmax_regression"), runtime.format, None)[0]
    content = (zoo.FILES / good.file).read_bytes()
    for number, damage in enumerate([b"not a model" * 40, content[:1000], content[:-200], b"\x00" * 64]):
        path = tmp_path / f"{number}.{runtime.format}"
        path.write_bytes(damage)
        with pytest.raises(DamagedModelError, match=path.name):
            runtime.open(own(path, runtime.format), None)


@pytest.mark.parametrize("name", [name for name in FAST if name != "keras"])
def test_numbers_of_threads(name):
    assert plan("softmax_regression", name, None, 2).open().session.threads == 2
    assert plan("softmax_regression", name, None, None).open().session.threads == 1


def varint(value):
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + varint(value >> 7)


def field(number, content):
    """Encode one field of a protocol buffer: a number, or bytes behind their length."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    return varint(number << 3 | 2) + varint(len(content)) + content


def onnx_identity(dtype, shape):
    """Write a sound ONNX model that answers its input, with a type and a shape that break the contract."""
    dimensions = b"".join(field(1, field(1, size)) for size in shape)
    kind = field(2, field(1, field(1, dtype) + field(2, dimensions)))
    node = field(1, b"x") + field(2, b"y") + field(4, b"Identity")
    graph = field(1, node) + field(2, b"g") + field(11, field(1, b"x") + kind) + field(12, field(1, b"y") + kind)
    return field(1, 8) + field(7, graph) + field(8, field(2, 17))


def test_a_sound_model_that_breaks_the_contract_is_refused_with_what_it_wants(tmp_path):
    path = tmp_path / "identity.onnx"
    path.write_bytes(onnx_identity(1, (1, 3, 32, 32)))
    with pytest.raises(ContractError, match=r"float32 \[1, 3, 32, 32\] to float32 \[1, 3, 32, 32\]"):
        RUNTIMES["onnx-cpu"].open(own(path), None)


@pytest.mark.parametrize("name", ["onnx-gpu", "onnx-gpu-graph", "onnx-tensorrt"])
def test_a_gpu_runtime_never_falls_back_to_the_cpu(name):
    """Either the device runs every node that matters, as the session says, or the runtime is refused."""
    try:
        session = plan("lenet5_v2", name, None, None).open().session
    except RuntimeUnavailableError as error:
        assert f"the runtime {name} is not available" in str(error)
    else:
        assert not [node for node in session.placement.on("CPUExecutionProvider") if node.matters]
        assert session.placement.on(session.provider)


def test_a_failing_runtime_is_an_error_of_ours(mnist_test):
    session = plan("softmax_regression", "onnx-cpu", None, None).open().session
    with pytest.raises(DigitInferError, match=r"ONNX Runtime failed on \(1, 27, 28\)"):
        session.answers(mnist_test.images[:1, 1:])


def test_no_thread_count_is_set_behind_the_users_back():
    use = "from digit_infer import Predictor; Predictor()"
    code = f"import os; before = dict(os.environ); {use}; assert dict(os.environ) == before"
    subprocess.run([sys.executable, "-c", code], check=True)
