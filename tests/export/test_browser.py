"""TFLite files for LiteRT.js, proven in real Chromium."""

import json

import pytest

from digit_infer.errors import ContractError
from digit_infer.runtimes import RUNTIMES
from digit_infer.runtimes.model_file import ModelFile, sha256_of
from export.errors import ExportError
from export.pipeline import check_prover

from .test_command import command

REASON = RUNTIMES["browser-tflite"].availability().reason


@pytest.mark.skipif(REASON is not None, reason=f"browser: {REASON}")
def test_the_command_writes_what_a_browser_takes(tmp_path, small_file, folder):
    words = ("--browser", "--precision", "int8", "--calibrate", folder, "--out", tmp_path, "--json")
    code, out, err = command(small_file, *words)
    assert (code, err) == (0, "")
    (made,) = json.loads(out)["browser"]
    (path,) = tmp_path.iterdir()
    assert path.name == made["file"] == "mine.int8.browser.tflite"
    assert made["sha256"] == sha256_of(path)
    assert made["parity"]["runtime"].startswith("browser-tflite, @litertjs/core ")
    assert b"uint8 [1, 28, 28]" in path.read_bytes()
    with pytest.raises(ContractError, match=r"uint8 \[1, 28, 28\]"):
        RUNTIMES["tflite"].open(ModelFile("mine", path, "tflite", "int8", made["bytes"]), None)


def test_a_file_that_no_browser_could_prove_is_not_made(tmp_path, monkeypatch):
    monkeypatch.setenv("DIGIT_INFER_BROWSER_PACKAGES", str(tmp_path))
    with pytest.raises(
        ExportError, match=r"mine\.tflite cannot be proven without browser-tflite; (not installed|there is no)"
    ):
        check_prover(RUNTIMES["browser-tflite"], tmp_path / "mine.tflite")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--browser", "--zoo"], "--browser makes files of one kind"),
        (["--browser", "--microcontroller"], "the others"),
        (["--browser", "--format", "onnx"], "--browser makes TFLite files; leave --format out"),
    ],
)
def test_what_contradicts_a_browser_is_wrong_use(words, message):
    code, out, err = command("lenet", *words)
    assert (code, out) == (2, "")
    assert message in err
