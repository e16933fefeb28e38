import hashlib
import json
import subprocess
import sys

import pytest

from digit_infer import zoo
from digit_infer.errors import TrainingError
from training import checkpoint, results
from training.recipes import RECIPES

RECORDED = [name for name in RECIPES if results.stored(RECIPES[name])]


def command(*words):
    done = subprocess.run([sys.executable, "-m", "training", *words], check=False, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("name", RECORDED)
def test_records_are_of_full_length_runs_of_this_very_recipe(name):
    recipe = RECIPES[name]
    for record in results.stored(recipe):
        assert record["epochs"] == len(record["history"]) == recipe.epochs
        assert record["fingerprint"] == recipe.fingerprint()
        assert [epoch["epoch"] for epoch in record["history"]] == list(range(1, recipe.epochs + 1))
        assert record["test"]["accuracy"] == record["test"]["correct"] / record["test"]["images"]
        losses = [epoch["val_loss"] for epoch in record["history"]]
        best = 1 + losses.index(min(losses))
        assert record["kept_epoch"] == (best if recipe.keeps == "best validation loss" else recipe.epochs)


def test_the_classics_are_recorded():
    assert {"softmax_regression", "mlp_512", "lenet"} <= set(RECORDED)


@pytest.mark.parametrize("name", list(zoo.models()))
def test_what_ships_is_what_was_recorded(name):
    record = checkpoint.recorded(RECIPES[name])
    model = zoo.model_named(name)
    content = (checkpoint.CHECKPOINTS / f"{name}.keras").read_bytes()
    assert hashlib.sha256(content).hexdigest() == record["kept_sha256"] == model.checkpoint.sha256
    assert record["seed"] == model.checkpoint.seed == checkpoint.SEED
    assert abs(record["test"]["correct"] - model.accuracy.correct) <= 1
    assert RECIPES[name].fingerprint() == model.recipe


def test_a_record_of_another_version_of_the_recipe_is_refused(tmp_path, tiny):
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "seed-0.json").write_text(json.dumps({"fingerprint": "another", "seed": 0}))
    with pytest.raises(TrainingError, match="another version of the recipe"):
        results.stored(tiny, tmp_path)
    (folder / "seed-0.json").write_text("{")
    with pytest.raises(TrainingError, match="is no JSON"):
        results.stored(tiny, tmp_path)


def test_list_and_evaluate():
    code, out, _ = command("list")
    assert code == 0
    assert all(name in out for name in RECIPES)
    code, out, _ = command("evaluate", "softmax_regression", "--json")
    document = json.loads(out)
    assert code == 0
    assert document["correct"] == zoo.model_named("softmax_regression").accuracy.correct
    assert document["gap"] == pytest.approx(document["accuracy"] - 0.9194)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["run", "nosuch"], 2, "there is no recipe 'nosuch'; choose from shallow_cnn"),
        (["evaluate", "nosuch"], 2, "there is no recipe 'nosuch'"),
        (["run", "lenet", "--resume", "--restart"], 2, "--resume and --restart contradict"),
    ],
)
def test_wrong_use_is_told_in_one_line(words, code, message):
    found, out, err = command(*words)
    assert (found, out) == (code, "")
    assert err.startswith(f"error: {message}")
    assert len(err.splitlines()) == 1
