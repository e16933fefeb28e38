import json
import subprocess

import pytest

from digit_infer import __version__, zoo
from digit_infer.runtimes import RUNTIMES


def test_help_lists_the_commands(digit_infer):
    run = digit_infer("--help")
    assert run.code == 0
    assert "--debug" in run.out
    for command in ("predict", "models", "bench", "doctor", "completion"):
        assert f"\n  {command} " in run.out
    assert digit_infer("--version").out == f"digit-infer, version {__version__}\n"
    assert digit_infer("nosuch").code == 2


@pytest.mark.parametrize("command", ["predict", "models", "bench", "doctor", "completion"])
def test_every_command_explains_itself(digit_infer_here, command):
    run = digit_infer_here(command, "--help")
    assert run.code == 0
    assert run.out.startswith(f"Usage: digit-infer {command} ")


def test_models(digit_infer):
    run = digit_infer("models")
    assert run.code == 0
    for name in zoo.models():
        assert name in run.out
    document = json.loads(digit_infer("models", "--json").out)
    assert document["schema"] == 5
    assert [model["name"] for model in document["models"]] == list(zoo.models())


@pytest.mark.parametrize("name", list(zoo.models()))
def test_a_card_says_what_the_manifest_says(digit_infer_here, name):
    run = digit_infer_here("models", "show", name)
    model = zoo.model_named(name)
    assert (run.code, run.err) == (0, "")
    for fact in (
        f"{model.parameters:,} parameters, {model.multiply_adds:,} multiply-adds",
        f"this model   {model.accuracy.share:.4f}",
        "our own" if model.published_accuracy is None else f"published    {model.published_accuracy:.4f}",
        model.checkpoint.rule,
        *model.training.layers,
        *(file.file for file in model.files),
    ):
        assert fact in run.out
    assert ("the test set was watched" in run.out) == model.training.watched_the_test_set


@pytest.mark.parametrize("name", ["lenet", zoo.DEFAULT_MODEL, zoo.manifest().ink.name])
def test_a_card_in_json_has_the_model_and_its_measurements(digit_infer_here, name):
    document = json.loads(digit_infer_here("models", "show", name, "--json").out)
    assert document["model"]["name"] == name
    assert (document["card"] is None) == (name == "lenet"), "our own models have cards"


def test_a_card_of_no_model_is_wrong_use(digit_infer_here):
    run = digit_infer_here("models", "show", "nosuch")
    assert (run.code, run.out) == (2, "")
    assert run.err.startswith("error: there is no model 'nosuch'; choose from shallow_cnn")


def test_doctor_says_what_works_and_why_the_rest_does_not(digit_infer):
    run = digit_infer("doctor", "--json")
    assert run.code == 0
    document = json.loads(run.out)
    assert run.err == ""
    assert document["problems"] == []
    rows = {row["name"]: row for row in document["runtimes"]}
    assert list(rows) == list(RUNTIMES)
    assert rows["onnx-cpu"]["available"]
    assert rows["onnx-cpu"]["provider"] == "CPUExecutionProvider"
    for row in rows.values():
        assert row["available"] == (row["reason"] is None)
        assert row["available"] == RUNTIMES[row["name"]].availability().available
    assert "every sha256 is right" in digit_infer("doctor").out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed_for_every_shell(digit_infer_here, shell):
    run = digit_infer_here("completion", shell)
    assert run.code == 0
    assert "_DIGIT_INFER_COMPLETE" in run.out


def test_completion_completes_models(digit_infer):
    run = digit_infer(_DIGIT_INFER_COMPLETE="bash_complete", COMP_WORDS="digit-infer predict --model le", COMP_CWORD="3")
    assert run.out.split() == ["plain,lenet5_v2", "plain,lenet"]


def test_bash_accepts_the_completion(digit_infer_here):
    code = digit_infer_here("completion", "bash").out
    subprocess.run(["bash", "-n"], input=code, text=True, check=True)  # any bash


def test_doctor_needs_no_data_set(digit_infer):
    assert digit_infer("doctor", DIGIT_INFER_DATA="/nonexistent").code == 0
