"""Agreement elsewhere: how it is counted, and what is recorded of browsers and of ARM."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from bench.agreement import Agreement, agreement, pictures_of
from bench.answering import answer, every_file
from bench.arm.emulated import PROCESSORS, Machine
from bench.recording import RESULTS
from digit_infer import zoo
from digit_infer.contract import INK
from digit_infer.errors import MeasurementError
from digit_infer.runtimes.model_file import sha256_of

FILES = {file.path.name: file for file in every_file()}


def recorded(name):
    path = RESULTS / f"{name}.json"
    if not path.exists():
        pytest.skip(f"nothing is recorded in {path.name}")
    document = json.loads(path.read_text(encoding="utf-8"))
    return document, [Agreement(**entry) for entry in document["results"]]


def test_every_file_of_the_wheel_is_asked():
    assert {file.path for file in FILES.values()} == set(zoo.FILES.iterdir())
    assert all(file.sha256 == sha256_of(file.path) for file in FILES.values())


def test_a_digit_that_changes_is_a_flip_and_a_far_answer_is_outside(mnist_test):
    file = FILES["digitnet_nano.float32.onnx"]
    here = np.full((10_000, 10), 0.01, np.float32)
    here[np.arange(10_000), mnist_test.labels] = 0.91
    there = here.copy()
    assert agreement(file, "there", here, there) == Agreement(
        file.path.name, file.sha256, "there", 10_000, 0, 0.0, 10_000, None
    )
    there[5] = np.roll(there[5], 1)
    found = agreement(file, "there", here, there)
    assert (found.flips, found.correct) == (1, 9_999)
    assert found.outside.startswith("probabilities differ by up to 0.9")


def test_ink_is_compared_by_pixels():
    file = FILES["inknet.int8.onnx"]
    here = np.zeros((4, 128, 128), np.uint8)
    there = here.copy()
    there[0, :10, :10] = 255
    found = agreement(file, "there", here, there)
    assert (found.flips, found.largest_difference, found.correct, found.outside) == (100, 255.0, None, None)
    there[1] = 255
    assert agreement(file, "there", here, there).outside == "25.15% of all pixels differ, not 1.00% at most"


def test_the_ink_network_is_asked_about_drawn_pictures():
    pictures = pictures_of(FILES["inknet.int8.onnx"])
    assert (pictures.shape, pictures.dtype) == ((1_000, *INK.takes), np.uint8)
    assert len(np.unique(pictures.reshape(1_000, -1), axis=0)) > 900


def test_the_program_of_the_emulated_machine_answers_as_this_process_does(tmp_path, mnist_test):
    np.save(tmp_path / "pictures.npy", mnist_test.images[:120])
    file = FILES["cnn_arch3.int8.tflite"]
    answer(file, tmp_path / "pictures.npy", tmp_path / "here.npy")
    words = [str(path) for path in (tmp_path / "pictures.npy", tmp_path / "there.npy")]
    program = [sys.executable, "-m", "bench.answering", file.path.name, *words]
    told = json.loads(subprocess.run(program, check=True, capture_output=True, text=True).stdout)
    assert told["provider"].startswith("ai-edge-litert ")
    np.testing.assert_array_equal(np.load(tmp_path / "here.npy"), np.load(tmp_path / "there.npy"))


def test_what_emulation_needs_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(MeasurementError, match="needs qemu-aarch64-static and mmdebstrap; on Debian: apt-get install"):
        Machine(PROCESSORS["cortex-a76"], tmp_path)


def test_no_digit_flips_in_a_browser():
    document, found = recorded("browser")
    assert {entry.file for entry in found} == set(FILES)
    assert [(entry.file, entry.flips) for entry in found if entry.correct is not None and entry.flips] == []
    assert [entry.file for entry in found if entry.outside] == []
    assert {name for name, of in document["downloads"].items() if 0 < of["gzip_bytes"] < of["bytes"]} == {
        "browser-onnx",
        "browser-tflite",
    }


def test_every_file_answers_on_arm_within_its_bound_but_for_float16_where_the_processor_computes_in_it():
    document, found = recorded("arm")
    for processor in document["processors"]:
        on = [entry for entry in found if entry.runtime.endswith(processor["name"])]
        assert {entry.file for entry in on} == set(FILES)
    outside = [entry for entry in found if entry.outside]
    assert {entry.file for entry in outside} <= {"digitnet.float16.onnx", "digitnet_nano.float16.onnx"}
    assert all(entry.runtime.endswith("cortex-a76") and entry.flips == 0 for entry in outside)
