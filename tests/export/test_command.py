import hashlib
import json
import shutil
import subprocess
import sys

import keras
import pytest

from digit_infer import zoo
from digit_infer.runtimes import RUNTIMES
from training import checkpoint

REASON = RUNTIMES["tflm"].availability().reason


def command(*words):
    done = subprocess.run([sys.executable, "-m", "export", *map(str, words)], check=False, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def test_the_command_writes_files_and_their_proofs(tmp_path, small_file, locked):
    words = [
        "softmax_regression",
        small_file,
        "--format",
        "onnx",
        "tflite",
        "--precision",
        "float32",
        "--out",
        tmp_path,
        "--json",
    ]
    code, out, err = command(*words)
    assert (code, err) == (0, "")
    made = json.loads(out)["files"]
    names = [f"{name}.float32.{suffix}" for name in ("softmax_regression", "mine") for suffix in ("onnx", "tflite")]
    assert [report["file"]["file"] for report in made] == names
    assert {path.name for path in tmp_path.iterdir()} == {*names, *(f"{name}.parity.json" for name in names)}
    listed = zoo.model_named("softmax_regression").files[0]
    assert made[0]["file"]["sha256"] == listed.sha256 or not locked, "what lies in the zoo can be made again"


@pytest.mark.skipif(REASON is not None, reason=f"tflm: {REASON}")
def test_the_command_writes_what_a_microcontroller_takes(tmp_path, small_file, folder):
    code, out, err = command(small_file, "--microcontroller", "--calibrate", folder, "--out", tmp_path, "--json")
    assert (code, err) == (0, "")
    (micro,) = json.loads(out)["microcontroller"]
    made = micro["file"]
    assert made["sha256"] == hashlib.sha256((tmp_path / made["file"]).read_bytes()).hexdigest()
    assert made["parity"]["runtime"].startswith("tflm, tflite-micro 0.dev")
    ends = (".batch1.tflite", ".batch1.tflite.microcontroller.json", ".h", ".cc")
    assert {path.name for path in tmp_path.iterdir()} == {f"mine.int8{end}" for end in ends}


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["lenet", "--zoo", "--microcontroller"], 2, "--microcontroller makes files of one kind"),
        (["nosuch.keras"], 2, "there is no file nosuch.keras; check the path, or name a recipe"),
        (["lenet", "--format", "keras"], 2, "Invalid value for '--format': 'keras' is not one of"),
        (["lenet", "--format"], 2, "Option '--format' requires an argument"),
        (["a/mine.keras", "b/mine.keras"], 2, "two sources would write the same files (mine)"),
        (["nosuch"], 2, "there is no file nosuch; check the path, or name a recipe"),
        ([], 2, "nothing or too much to export; name recipes or .keras files, or pass --all alone"),
        (["lenet", "--all"], 2, "nothing or too much to export"),
        (["lenet", "--format", "onnx", "--precision", "int16x8"], 2, "there is no int16x8 as onnx: ONNX Runtime has"),
        (["lenet", "--format", "onnx", "all"], 2, "all of them and some of them contradict one another"),
        (["lenet", "--zoo", "--precision", "int8"], 2, "the zoo takes every form"),
        (["mine.keras", "--resume"], 2, "--zoo and --resume are for recipes"),
        (["lenet", "--jobs", "2"], 2, "--jobs goes with --all"),
        (["lenet", "--calibration-size", "60001"], 2, "Invalid value for '--calibration-size'"),
        (["lenet", "--calibration-method", "mean"], 2, "Invalid value for '--calibration-method'"),
    ],
)
def test_failures_are_told_in_one_line(words, code, message):
    found, out, err = command(*words)
    assert (found, out) == (code, "")
    assert err.startswith(f"error: {message}")
    assert len(err.splitlines()) == 1


def test_a_source_that_fails_does_not_keep_the_others_away(tmp_path):
    words = ["--format", "onnx", "--precision", "float32", "--out", tmp_path]
    code, out, err = command("nosuch.keras", "softmax_regression", *words)
    assert code == 2
    assert "softmax_regression.float32.onnx" in out
    assert err.startswith("error: there is no file nosuch.keras")


def test_wrong_pixels_are_refused_in_a_line(tmp_path):
    path = tmp_path / "mine.keras"
    shutil.copy(checkpoint.path_of("softmax_regression"), path)
    words = [path, "--format", "onnx", "--precision", "float32", "--out", tmp_path]
    assert command(*words)[2] == ""
    code, out, err = command(*words, "--invert")
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1
    assert err.startswith("error: mine answers ")
    assert "of MNIST's first 1,000 test images with pixels in 0..1, dark ink on light ground" in err
    assert "% with none of these options" in err


def test_a_file_that_fails_does_not_keep_the_others_away(tmp_path):
    path = tmp_path / "bicubic.keras"
    layers = [keras.layers.Resizing(14, 14, interpolation="bicubic"), keras.layers.Flatten(), keras.layers.Dense(10)]
    keras.Sequential([keras.Input((28, 28, 1)), *layers]).save(path)
    out = tmp_path / "out"
    code, table, err = command(path, "--format", "all", "--precision", "float32", "--out", out)
    assert (code, "bicubic.float32.onnx" in table) == (1, True)
    assert {entry.suffix for entry in out.iterdir()} == {".onnx", ".json"}
    note, warning, error = err.splitlines()
    assert note.startswith("note: bicubic ends in logits")
    assert "is it trained?" in warning
    assert error.startswith("error: bicubic cannot be converted to tflite in float32")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--format", "all", "onnx"], "all of them and some of them contradict one another"),
        (["--precision", "int8", "all"], "all of them and some of them contradict one another"),
        (["--std", "0"], "--std 0 is not above 0"),
        (["--scale", "255"], "lenet is a recipe's network"),
        (["--import", "mine.txt"], "there is no file mine.txt"),
        (["--calibrate", "nosuch"], "there is no folder nosuch"),
    ],
)
def test_what_contradicts_is_wrong_use(words, message):
    code, out, err = command("lenet", *words)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {message}")
    assert len(err.splitlines()) == 1
