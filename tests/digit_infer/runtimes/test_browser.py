"""The files of the zoo in real Chromium, on ONNX Runtime Web and LiteRT.js."""

import json
import urllib.error
import urllib.request

import numpy as np
import pytest

from digit_infer import Predictor, zoo
from digit_infer.benchmark.configuration import available_runtimes
from digit_infer.errors import ContractError, DamagedModelError, InferenceError, InvalidArrayError
from digit_infer.runtimes import RUNTIMES
from digit_infer.runtimes.browser import static_batch
from digit_infer.runtimes.model_file import ModelFile
from digit_infer.zoo.resolve import AUTO_ORDER, plan

NATIVE = {"browser-onnx": "onnx-cpu", "browser-tflite": "tflite"}
REASON = next(filter(None, (RUNTIMES[name].availability().reason for name in NATIVE)), None)
in_chromium = pytest.mark.skipif(REASON is not None, reason=f"browser: {REASON}")


@pytest.fixture(scope="module", params=NATIVE)
def session(request):
    opened = plan("digitnet_nano", request.param, "int8", None).open().session
    opened.runtime = request.param
    yield opened
    opened.close()


@in_chromium
def test_a_page_answers_what_the_native_runtime_answers(session, mnist_test):
    expected = plan("digitnet_nano", NATIVE[session.runtime], "int8", None).open().session.answers(mnist_test.images[:500])
    found = session.answers(mnist_test.images[:500])
    assert (found.dtype, found.shape) == (np.float32, (500, 10))
    np.testing.assert_array_equal(found.argmax(axis=1), expected.argmax(axis=1))
    np.testing.assert_allclose(found, expected, atol=1e-3)


@in_chromium
def test_any_number_of_images_contiguous_or_not_and_from_threads(session, mnist_test, in_threads):
    images = mnist_test.images[:40, :, ::-1]
    whole = session.answers(images)
    wrong = []

    def ask(count):
        for _ in range(5):
            if not np.array_equal(session.answers(images[:count]), whole[:count]):
                wrong.append(count)

    in_threads(ask, (0, 1, 7, 40))
    assert wrong == []
    assert whole.flags.writeable


@in_chromium
def test_other_arrays_are_refused_and_not_cast(session, mnist_test):
    for images in (mnist_test.images[:2].astype(np.float32), mnist_test.images[:2, 1:]):
        with pytest.raises(InvalidArrayError):
            session.answers(images)


@in_chromium
@pytest.mark.parametrize("batch", [1, 3])
def test_a_page_times_its_own_queries(session, mnist_test, batch):
    session.take(mnist_test.images[:30], batch)
    samples = session.timed(0.01, 20, 0.0)
    assert len(samples) >= 20
    assert 0 < np.median(samples) < 1e9
    assert 0 < session.back_to_back(5) < 60
    assert min(session.timed(0.0, 3, 0.01)) < 1e9


@in_chromium
def test_the_page_is_isolated_and_nothing_but_packages_is_served(session):
    address = session._served.address
    with urllib.request.urlopen(address) as reply:  # noqa: S310  # of this test's own server
        assert reply.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert reply.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    for path in ("packages/../../../../../etc/passwd", "packages//etc/passwd", "packages/", "nosuch"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(address + path)  # noqa: S310  # as above
    assert not [path for path in session.downloads if not path.startswith(("/packages/", "/model", "/browser.js"))]
    assert sum(session.downloads.values()) > 1_000_000


@in_chromium
@pytest.mark.parametrize("name", NATIVE)
def test_damaged_and_foreign_files_are_refused(name, tmp_path):
    runtime = RUNTIMES[name]
    good = next(file for file in zoo.model_named("digitnet_nano").files if file.format == runtime.format)
    content = (zoo.FILES / good.file).read_bytes()
    for number, damage in enumerate([b"not a model" * 40, content[: len(content) // 2]]):
        path = tmp_path / f"{number}.{runtime.format}"
        path.write_bytes(damage)
        with pytest.raises(DamagedModelError, match=path.name):
            runtime.open(ModelFile("own", path, runtime.format, None, len(damage)), None)
    ink = zoo.ink_file(runtime.format, "int8")
    with pytest.raises(ContractError, match="128"):
        runtime.open(ModelFile("ink", ink.path, runtime.format, "int8", ink.bytes), None)


@in_chromium
def test_a_browser_that_ended_is_an_error_of_ours(mnist_test):
    with Predictor("digitnet_nano", runtime="browser-tflite", precision="int8", threads=2) as predictor:
        session = predictor.chosen.session
        assert session.threads == 2
        assert predictor.predict_array(mnist_test.images[:1]).argmax() == mnist_test.labels[0]
        session._do(session._page.context.browser.close())
        with pytest.raises(InferenceError, match="closed"):
            session.answers(mnist_test.images[:1])


@in_chromium
def test_bench_measures_a_browser_beside_its_own_runtime(digit_infer):
    runtimes = ("--runtime", "tflite", "--runtime", "browser-tflite")
    run = digit_infer(
        "bench", "--model", "digitnet_nano", *runtimes, "--precision", "int8", "--batch", 1, "--quick", "--json"
    )
    assert run.code == 0, run.err
    native, browser = json.loads(run.out)["rows"]
    assert browser["artefact"]["provider"].startswith("@litertjs/core ")
    assert browser["artefact"]["sha256"] == native["artefact"]["sha256"]
    assert browser["accuracy"] == native["accuracy"]
    assert browser["flips"] == native["flips"]
    (measured,) = browser["processes"]
    assert measured["stream"]["latencies"]
    assert measured["offline"]["blocks"]
    assert (measured["stages"], measured["peak_memory_bytes"]) == (None, None)


def test_browsers_are_chosen_by_name_alone():
    assert not {*NATIVE} & {*AUTO_ORDER, *available_runtimes()}


@pytest.mark.parametrize("name", NATIVE)
def test_a_browser_that_is_not_there_is_told_in_one_line(digit_infer, examples, tmp_path, name):
    words = ("predict", examples / "seven.png", "--model", "digitnet_nano", "--runtime", name)
    run = digit_infer(*words, DIGIT_INFER_BROWSER_PACKAGES=tmp_path, PATH=tmp_path)
    assert (run.code, run.out) == (1, "")
    assert run.err.startswith(f"error: the runtime {name} is not available; ")
    assert run.err.count("\n") == 1


def test_a_static_batch_changes_shapes_alone(mnist_test):
    interpreter = pytest.importorskip("ai_edge_litert.interpreter").Interpreter
    content = (zoo.FILES / "digitnet_nano.int8.tflite").read_bytes()
    written = static_batch("mine", content, 3)
    assert len(written) == len(content)
    fixed = interpreter(model_content=written)
    fixed.allocate_tensors()
    (given,) = fixed.get_input_details()
    assert list(given["shape"]) == list(given["shape_signature"]) == [3, 28, 28]
    fixed.set_tensor(given["index"], mnist_test.images[:3])
    fixed.invoke()
    found = fixed.get_tensor(fixed.get_output_details()[0]["index"])
    expected = plan("digitnet_nano", "tflite", "int8", None).open().session.answers(mnist_test.images[:3])
    np.testing.assert_array_equal(found, expected)
    assert static_batch("mine", written, 5) == written, "what is static stays so"


@pytest.mark.parametrize("content", [b"", b"no model", bytes(400), b"\x10\0\0\0TFL3" + b"\xff" * 90])
def test_what_is_no_tflite_file_is_refused(content):
    with pytest.raises(DamagedModelError, match="mine is no TFLite model"):
        static_batch("mine", content, 1)
