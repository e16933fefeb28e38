"""Peers answer what we answer; their environments, their turns and their records say what they should."""

import json
import random
import subprocess
import sys
import venv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.peers.beside import Beside, name_of, over, there_and_back
from bench.peers.environments import ENVIRONMENTS, Environment
from bench.peers.serve import open_call, open_peer
from bench.peers.stored import read_results
from bench.peers.table import OURS_ONNX, OURS_TFLITE, PEERS, file_for
from bench.peers.throughput import Run, Throughput
from bench.peers.throughput_in_turns import benchmark_app, benchmark_app_floor_us
from digit_infer import Predictor, zoo
from digit_infer.dataset import load
from digit_infer.errors import MeasurementError, RecordError

LIBRARIES = {"onnxruntime": "onnxruntime", "litert": "ai_edge_litert", "openvino": "openvino", "keras": "tensorflow"}
IMAGES = load("test").images[:32]
ENTRY = Beside("m", "n", "f", None, 10, 1.0, None, None, 1.0, ())


def is_made(name: str) -> bool:
    return ENVIRONMENTS[name].folder.exists()


@pytest.mark.parametrize("name", list(PEERS))
def test_a_peer_answers_what_ours_answers(name):
    peer = PEERS[name]
    pytest.importorskip(LIBRARIES[peer.environment], reason="python -m bench peers install makes it elsewhere")
    answers = open_call(name, file_for("cnn_arch1", peer).path, len(IMAGES))(IMAGES)
    with Predictor("cnn_arch1", runtime=peer.beside.runtime, precision=peer.beside.precision) as predictor:
        np.testing.assert_allclose(answers, predictor.predict_array(IMAGES), atol=1e-5)


@pytest.mark.parametrize("name", ["onnxruntime_bound", "litert_invoke", "keras_function"])
def test_what_is_bound_to_one_batch_answers_what_it_is_asked_now(name):
    pytest.importorskip(LIBRARIES[PEERS[name].environment])
    call = open_call(name, file_for("softmax_regression", PEERS[name]).path, 1)
    digits = [int(call(IMAGES[index : index + 1])[0].argmax()) for index in range(8)]
    assert len(set(digits)) > 1
    first = call(IMAGES[:1])
    call(IMAGES[1:2])
    assert first.argmax() == digits[0], "an answer must not change with the next call"


def test_a_process_of_a_peer_says_which_file_it_opened():
    system = open_peer({"peer": "onnxruntime_run", "model": "mlp_512", "batch": 1})
    (file,) = zoo.files_of(zoo.model_named("mlp_512"), "onnx", "float32")
    assert (system.artefact.file, system.artefact.sha256) == (file.file, file.sha256)
    assert (system.artefact.precision, system.artefact.threads) == ("float32", 1)


def test_every_environment_has_its_requirements_and_each_a_lower_bound():
    listed = {path.stem for path in next(iter(ENVIRONMENTS.values())).requirements.parent.glob("*.txt")}
    assert listed == set(ENVIRONMENTS)
    for environment in ENVIRONMENTS.values():
        assert all(">=" in line for line in environment.requirements.read_text(encoding="utf-8").split())
    used = {system.environment for system in (*PEERS.values(), OURS_ONNX, OURS_TFLITE)}
    assert used <= set(ENVIRONMENTS)


def test_an_environment_that_is_not_there_says_how_it_is_made(tmp_path):
    with pytest.raises(MeasurementError, match=r"has no benchmark_app .*python -m bench peers install openvino"):
        Environment("openvino", tmp_path).output_of("benchmark_app")


def test_a_program_that_fails_says_why_and_how_to_see_more(tmp_path):
    venv.create(tmp_path / "keras", symlinks=sys.platform != "win32")
    failing = Environment("keras", tmp_path)
    assert failing.output_of("python", "-c", "print(1 + 1)").strip() == "2"
    with pytest.raises(MeasurementError, match=r"no space left.*see more by: .*python -c"):
        failing.output_of("python", "-c", "import sys; sys.exit('no space left')")


@given(st.integers(1, 9), st.integers(0, 2**32))
def test_a_round_goes_there_and_back(count, seed):
    names = [str(number) for number in range(count)]
    order = there_and_back(names, random.Random(seed))  # noqa: S311  # an order
    assert order == order[::-1]
    assert sorted(order) == sorted(names * 2)


def test_ours_is_compared_with_a_peer_round_by_round():
    peer = Beside(**{**vars(ENTRY), "rounds_us": ((10.0, 20.0), (10.0, 100.0))})
    ours = Beside(**{**vars(ENTRY), "rounds_us": ((11.0, 22.0), (12.0, 130.0))})
    found = over(peer, ours)
    assert (found.pairs, found.difference_us) == (4, 2.0)
    assert found.ratio == pytest.approx(1.15)
    assert found.difference_low_us <= 2.0 <= found.difference_high_us


def test_throughput_is_compared_run_by_run():
    theirs = (Run(100, 1.0, None), Run(300, 2.0, None), Run(100, 0.5, None))
    entry = Throughput("m", "litert_invoke", 1, "0", 24, theirs, (110.0, 150.0, 190.0), 1.0, 0.0)
    assert entry.theirs_median() == 150
    assert entry.difference() == pytest.approx(0.0)
    assert entry.around_us() == pytest.approx(0.0)


def test_a_floor_is_taken_off_their_throughput():
    """Theirs takes 12 µs a call, of which its loop is 2; ours takes 10."""
    entry = Throughput("m", "benchmark_app", 1, "0", 8, (Run(1_000_000, 12.0, 0.01),), (100_000.0,), 10.0, 2.0)
    assert entry.around_us() == pytest.approx(2)
    assert entry.difference() == pytest.approx(0)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "is no JSON"),
        ('{"schema": 2, "results": {}}', "has the schema 2, not 1"),
        ('{"schema": 1}', "is no whole record"),
        ('{"schema": 1, "results": {"a": {"model": "b"}}}', "is no whole record"),
    ],
)
def test_a_damaged_record_is_one_clear_error(tmp_path, text, told):
    path = tmp_path / "peers.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RecordError, match=told):
        read_results(path, Beside)


def test_ours_are_named_by_their_runtimes():
    assert [name_of(ours) for ours in (OURS_ONNX, OURS_TFLITE)] == ["digit_infer onnx-cpu", "digit_infer tflite"]


@pytest.mark.skipif(not is_made("openvino"), reason="python -m bench peers install openvino")
def test_benchmark_app_counts_images_and_not_batches():
    path = zoo.FILES / "mlp_512.float32.onnx"
    run = benchmark_app(path, 32, 1)
    assert run.images % 32 == 0
    assert 0.9 < run.seconds < 5
    assert run.latency_ms is not None
    assert 0 < benchmark_app_floor_us(1) < 1_000
    with pytest.raises(MeasurementError, match="benchmark_app failed in the environment openvino"):
        benchmark_app(Path("none.onnx"), 32, 1)


def test_the_bare_loop_counts_what_it_asked():
    words = ["-m", "bench.peers.loop", "onnxruntime_run", "softmax_regression", "32", "0.1"]
    told = json.loads(subprocess.run([sys.executable, *words], capture_output=True, check=True).stdout)
    assert told["images"] > 0
    assert told["images"] % (16 * 32) == 0
    assert told["seconds"] >= 0.1
