import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digit_infer import zoo
from digit_infer.runtimes import RUNTIMES


def test_the_readme_command(digit_infer, examples):
    run = digit_infer("predict", examples / "seven.png")
    assert run.code == 0
    assert re.fullmatch(r"7  (99\.\d\d|100\.00) %", run.out.splitlines()[0])
    assert re.search(r"^  7  █+▉?\s+(99\.\d\d|100\.00) %$", run.out, re.MULTILINE)
    assert run.err == "digitnet · onnx-cpu (CPUExecutionProvider) · float32 · 1 thread\n"


def test_a_folder_a_pattern_and_standard_input(digit_infer, examples, example_digits):
    by_folder = digit_infer("predict", examples)
    assert by_folder.code == 0
    assert {line.split()[-1].rpartition("/")[2]: int(line[0]) for line in by_folder.out.splitlines()} == example_digits
    by_pattern = digit_infer("predict", f"{examples}/*.[jp][pn]g")
    assert by_pattern.out == by_folder.out
    by_stdin = digit_infer("predict", "-", stdin=(examples / "seven.png").read_bytes())
    assert by_stdin.out.startswith("7  ")


def test_json_is_one_document_on_stdout_alone(digit_infer, examples, bad_pictures):
    run = digit_infer("predict", examples / "seven.png", bad_pictures["text"], "--json", "--top-k", 2)
    document = json.loads(run.out)
    assert run.code == 1
    assert document["schema"] == 1
    assert (document["model"], document["runtime"], document["precision"]) == ("digitnet", "onnx-cpu", "float32")
    seven, text = document["predictions"]
    assert seven["digit"] == 7
    assert len(seven["top"]) == 2
    assert sum(seven["probabilities"]) == pytest.approx(1, abs=1e-5)
    assert text["error"]["kind"] == "UnreadablePictureError"
    assert re.fullmatch(rf"error: {bad_pictures['text']} is no picture that can be read; give a PNG, .* file\n", run.err)


@pytest.mark.parametrize("name", ["empty", "text", "truncated", "huge"])
def test_each_bad_picture_gives_one_clear_line_and_code_one(digit_infer, bad_pictures, name):
    run = digit_infer("predict", bad_pictures[name])
    assert run.code == 1
    assert run.out == ""
    errors = [line for line in run.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert errors[0].count(str(bad_pictures[name])) == 1
    assert len(run.err.splitlines()) == 2, "the error, and what ran"
    assert "Traceback" not in run.err


@pytest.mark.parametrize("model", ["digitnet", "softmax_regression"])
def test_on_a_blank_picture_there_is_no_digit(digit_infer_here, bad_pictures, tmp_path, model):
    words = (bad_pictures["blank"], "--model", model, "--reject-below", "0")
    run = digit_infer_here("predict", *words, "--explain", tmp_path / "why.png")
    assert (run.code, run.out.splitlines()[0]) == (1, "no digit found")
    assert "error: " not in run.err
    [answer] = json.loads(digit_infer_here("predict", *words, "--json").out)["predictions"]
    assert answer["is_digit"] is False
    with Image.open(tmp_path / "why.png") as strip:
        assert np.asarray(strip.convert("L"))[100, 460] == 255, "nothing was taken for ink"


def test_one_bad_picture_does_not_keep_the_others_from_their_answer(digit_infer, examples, bad_pictures, tmp_path):
    run = digit_infer("predict", bad_pictures["empty"], examples / "seven.png", tmp_path / "nosuch.png")
    assert run.code == 2
    assert run.out.startswith("7  ")
    assert run.err.count("error: ") == 2


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--model", "lenet7"], 2, "there is no model 'lenet7'; choose from"),
        (["--model", "nosuch.onnx"], 2, "nosuch.onnx does not exist"),
        (["--model", "lenet", "--runtime", "onnx-cpu", "--precision", "int8"], 2, "the zoo has no int8 onnx file of lenet"),
        (["--runtime", "onnx-gpu"], 1, "the runtime onnx-gpu is not available"),
        (["--explain", "why.jpg"], 2, "why.jpg does not end in .png"),
    ],
)
def test_wrong_use_and_failures_are_told_in_one_line(digit_infer_here, examples, words, code, message):
    run = digit_infer_here("predict", examples / "seven.png", *words)
    assert (run.code, run.out) == (code, "")
    assert len(run.err.splitlines()) == 1
    assert run.err.startswith(f"error: {message}")


@pytest.mark.parametrize("words", [["--runtime", "cuda"], ["--top-k", "0"], ["--threads", "none"], ["--nosuch"], []])
def test_what_the_parser_refuses_is_wrong_use(digit_infer_here, words):
    run = digit_infer_here("predict", *words, *(["x.png"] if words else []))
    assert run.code == 2
    assert run.err.startswith("error: ")
    assert len(run.err.splitlines()) == 1


def test_on_tensorflow_lite_micro_where_it_is_installed(digit_infer, examples):
    run = digit_infer("predict", examples / "seven.png", "--runtime", "tflm")
    if (reason := RUNTIMES["tflm"].availability().reason) is not None:
        assert (run.code, run.err) == (1, f"error: the runtime tflm is not available; {reason}\n")
        return
    assert (run.code, run.out[0]) == (0, "7")
    assert "tflm (tflite-micro 0.dev" in run.err
    threads = digit_infer("predict", examples / "seven.png", "--runtime", "tflm", "--threads", "2")
    assert (threads.code, threads.err) == (2, "error: tflm runs on one thread, not 2; leave the number of threads out\n")


def test_a_damaged_model_file_of_ones_own(digit_infer, examples, tmp_path):
    path = tmp_path / "damaged.onnx"
    path.write_bytes((zoo.FILES / "softmax_regression.float32.onnx").read_bytes()[:2000])
    run = digit_infer("predict", examples / "seven.png", "--model", path)
    assert (run.code, run.out) == (1, "")
    assert run.err.startswith(f"error: {path} is no ONNX model")
    assert len(run.err.splitlines()) == 1


def test_debug_shows_the_traceback(digit_infer, examples):
    run = digit_infer("predict", examples / "seven.png", "--model", "lenet7", "--debug")
    assert run.code == 1
    assert run.err.startswith("Traceback")
    assert "UnknownModelError" in run.err


def test_empty_folders_and_patterns_that_match_nothing(digit_infer_here, tmp_path):
    for word in (tmp_path, tmp_path / "*.png"):
        run = digit_infer_here("predict", word)
        assert (run.code, run.out) == (2, "")
        assert run.err.startswith(f"error: {word} holds no picture")


def test_explain_writes_the_strip(digit_infer_here, examples, tmp_path):
    path = tmp_path / "why.png"
    run = digit_infer_here("predict", examples / "seven.png", "--explain", path)
    assert run.code == 0
    with Image.open(path) as strip:
        assert strip.size == (1200, 340)
    refused = digit_infer_here("predict", examples, "--explain", path)
    assert refused.code == 2


def test_a_reader_that_has_seen_enough_is_no_error(digit_infer, examples, tmp_path):
    script = Path(sys.executable).parent / "digit-infer"
    command = f"{script} predict {' '.join([str(examples)] * 40)} | head -n 1"
    done = subprocess.run(["sh", "-c", command], check=True, capture_output=True, text=True)
    assert done.stdout.count("\n") == 1
    assert "Traceback" not in done.stderr


def test_a_picture_in_a_terminal(digit_infer, examples):
    script = shutil.which("script")
    if script is None:
        pytest.fail("util-linux's script is needed to give a program a terminal")
    command = f"{Path(sys.executable).parent / 'digit-infer'} predict {examples / 'seven.png'}"
    done = subprocess.run([script, "-qec", command, "/dev/null"], check=True, capture_output=True, text=True)
    rows = [line for line in done.stdout.splitlines() if "▀" in line]
    assert len(rows) == 14
    assert all(row.count("▀") == 28 for row in rows)
    assert done.stdout.splitlines()[0].rstrip().endswith("%")


def test_the_picture_itself_is_not_overwritten(digit_infer, examples, tmp_path):
    path = tmp_path / "seven.png"
    shutil.copy(examples / "seven.png", path)
    run = digit_infer("predict", path, "--explain", path)
    assert run.code == 2
    assert path.read_bytes() == (examples / "seven.png").read_bytes()


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_closed_streams_end_in_no_traceback(digit_infer, examples, closed):
    script = Path(sys.executable).parent / "digit-infer"
    word = "-" if closed == "<&-" else examples / "seven.png"
    done = subprocess.run(["sh", "-c", f"{script} predict {word} {closed}"], check=False, capture_output=True, text=True)
    assert done.returncode == (2 if closed == "<&-" else 0)
    assert "Traceback" not in done.stderr
    assert done.stdout.startswith("7") == (closed == "2>&-")


def test_a_narrow_encoding_is_no_obstacle(digit_infer, examples):
    run = digit_infer("predict", examples / "seven.png", PYTHONIOENCODING="ascii")
    assert run.code == 0
    assert run.out.startswith("7  ")


def test_a_full_disk_is_told_in_one_line(digit_infer, examples):
    script = Path(sys.executable).parent / "digit-infer"
    command = f"{script} predict {examples / 'seven.png'} > /dev/full"
    done = subprocess.run(["sh", "-c", command], check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "error: No space left on device" in done.stderr


def test_names_too_long_for_the_system_are_told(digit_infer):
    run = digit_infer("predict", "x" * 300 + ".png")
    assert run.code == 1
    assert "x.png cannot be opened (File name too long)" in run.err.splitlines()[0]


def test_a_model_of_another_version_is_told(digit_infer, examples, tmp_path):
    path = tmp_path / "future.onnx"
    content = (zoo.FILES / "softmax_regression.float32.onnx").read_bytes()
    path.write_bytes(b"\x08\x63" + content[2:])
    run = digit_infer("predict", examples / "seven.png", "--model", path)
    assert (run.code, run.out) == (1, "")
    assert run.err.startswith(f"error: {path} cannot be run by onnxruntime")
    assert len(run.err.splitlines()) == 1


def test_what_is_no_digit_is_said_and_the_exit_code_tells(digit_infer_here, examples):
    """The published networks reject nothing by themselves; asked for certainty, they do."""
    seven = examples / "seven.png"
    one = digit_infer_here("predict", seven, "--model", "softmax_regression", "--reject-below", "1")
    assert (one.code, one.out.splitlines()[0]) == (1, "no digit found")
    assert "  7  " in one.out, "the best guess is shown below"
    several = digit_infer_here("predict", seven, seven, "--model", "softmax_regression", "--reject-below", "1")
    assert (several.code, several.out) == (1, f"no digit found: {seven}\n" * 2)
    document = json.loads(
        digit_infer_here("predict", seven, "--model", "softmax_regression", "--reject-below", "1", "--json").out
    )
    assert document["reject_below"] == 1
    assert (document["predictions"][0]["digit"], document["predictions"][0]["is_digit"]) == (7, False)
    page = digit_infer_here("read", seven, "--model", "softmax_regression", "--reject-below", "1")
    assert (page.code, page.out) == (1, "no digit found\n")
    assert digit_infer_here("predict", seven, "--reject-below", "1.5").code == 2


def test_workers_answer_what_one_process_answers(digit_infer, examples, bad_pictures):
    pictures = [examples, bad_pictures["text"], bad_pictures["huge"]]
    alone = digit_infer("predict", *pictures, "--json")
    shared = digit_infer("predict", *pictures, "--json", "--workers", 2)
    assert (shared.code, shared.err) == (alone.code, alone.err) == (1, alone.err)
    assert json.loads(shared.out) == json.loads(alone.out)


@pytest.mark.parametrize("words", [["--workers", "0"], ["--workers", "257"], ["--runtime", "null"]])
def test_workers_out_of_range_and_the_empty_runtime_are_not_offered(digit_infer_here, examples, words):
    run = digit_infer_here("predict", examples / "seven.png", *words)
    assert (run.code, run.out) == (2, "")
    assert f"Invalid value for '{words[0]}'" in run.err


def test_a_large_picture_is_an_error_without_a_warning(digit_infer, tmp_path):
    Image.new("1", (10_000, 9_500)).save(tmp_path / "large.png")  # Pillow only warns of this size
    run = digit_infer("predict", tmp_path / "large.png", PYTHONWARNINGS="")
    assert (run.code, len(run.err.splitlines())) == (1, 2)
    assert "large.png is too large" in run.err


def test_keep_takes_the_threshold_that_was_measured(digit_infer_here, examples):
    seven = examples / "seven.png"
    kept = {
        share: json.loads(digit_infer_here("predict", seven, "--keep", share, "--json").out) for share in ("0.9", "0.99")
    }
    operating = zoo.model_named(zoo.DEFAULT_MODEL).operating
    for share, document in kept.items():
        assert document["reject_below"] == operating.keeping(float(share))
    assert kept["0.9"]["reject_below"] > kept["0.99"]["reject_below"]
    assert digit_infer_here("read", seven, "--keep", "0.99").code == 0
    for words, least in (([], zoo.read_below(zoo.DEFAULT_MODEL)), (["--keep", "0.9"], operating.keeping(0.9))):
        assert json.loads(digit_infer_here("read", seven, *words, "--json").out)["reject_below"] == least


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--keep", "0.99", "--reject-below", "0.5"), "pass one of them"),
        (("--keep", "0.99", "--model", "lenet"), "nothing is measured"),
        (("--keep", "0.99", "--model", "own.onnx"), "nothing is measured"),
        (("--keep", "0.5"), "choose 0.9 to 0.999"),
        (("--keep", "2"), "--keep"),
    ],
)
def test_keep_says_where_there_is_nothing_to_keep_by(digit_infer_here, examples, words, said):
    result = digit_infer_here("predict", examples / "seven.png", *words)
    assert result.code == 2
    assert said in result.err
