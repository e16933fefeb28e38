import hashlib
import json
import subprocess
import sys

import pytest

from digit_infer import zoo
from digit_infer.errors import UsageError
from training import checkpoint, results
from training.errors import TrainingError
from training.recipes import RECIPES, ROWS, SWEEPS
from training.rows import runs_of

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
    chosen = checkpoint.shipped(name)
    model = zoo.model_named(name)
    content = checkpoint.path_of(name).read_bytes()
    assert hashlib.sha256(content).hexdigest() == chosen.record["kept_sha256"] == model.checkpoint.sha256
    assert (chosen.record["seed"], chosen.rule) == (model.checkpoint.seed, model.checkpoint.rule)
    assert abs(chosen.record["test"]["correct"] - model.accuracy.correct) <= 1
    assert chosen.recipe.fingerprint() == model.recipe
    assert runs_of(chosen.recipe).accuracies == model.training.accuracy_by_seed


def test_the_sweeps_checkpoint_is_the_best_on_held_out_images():
    chosen = checkpoint.shipped("mlp_500_300_l2")
    held_out = [runs_of(point.recipe) for point in SWEEPS["mlp_500_300_l2_held_out"].points]
    assert not any(runs.recipe.watched_the_test_set for runs in held_out)
    final = {runs.recipe.name: [curve[-1] for curve in runs.curve("val_accuracy")] for runs in held_out}
    assert max(final, key=lambda name: sum(final[name])) == chosen.recipe.name
    assert chosen.record["history"][-1]["val_accuracy"] == max(final[chosen.recipe.name])


def test_what_is_no_row_ships_nothing():
    with pytest.raises(UsageError, match="ships no checkpoint"):
        checkpoint.shipped("mlp_500_300_l2_factor_0.001")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is no record"),
        ("{}", "is no record"),
        ('{"schema": 1, "fingerprint": "x", "seed": 0}', "has schema 1, not 2"),
        ('{"schema": 2, "fingerprint": "another", "seed": 0}', "another version of the recipe"),
        ("[" * 100_000, "is no record"),
        ("[]", "is no record"),
    ],
)
def test_a_record_that_is_none_of_this_recipe_is_refused(tmp_path, tiny, content, message):
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "seed-0.json").write_text(content)
    with pytest.raises(TrainingError, match=message):
        results.stored(tiny, tmp_path)


def test_list_and_evaluate():
    code, out, _ = command("list")
    assert code == 0
    assert all(name in out for name in ROWS)
    code, out, _ = command("evaluate", "softmax_regression", "--json")
    document = json.loads(out)
    assert code == 0
    assert document["correct"] == zoo.model_named("softmax_regression").accuracy.correct
    assert document["gap"] == pytest.approx(document["accuracy"] - 0.9194)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["run", "nosuch"], 2, "there is no recipe 'nosuch'; choose from shallow_cnn"),
        (["evaluate", "nosuch"], 2, "'nosuch' ships no checkpoint"),
        (["run", "lenet", "--resume", "--restart"], 2, "--resume and --restart contradict"),
        (["run", "mlp_500_300_l2"], 2, "there is no recipe 'mlp_500_300_l2'; it is a sweep: python -m training sweep"),
        (["run"], 2, "what to run is not said"),
        (["run", "lenet", "--all"], 2, "what to run is not said"),
        (
            ["run", "lenet", "--seeds", "2", "--seed", "1"],
            2,
            "--seed, --epochs, --cpus, --resume and --restart are for one",
        ),
        (["run", "lenet", "--jobs", "2"], 2, "--jobs is for several seeds"),
        (["run", "lenet", "--cpus", "-1"], 2, "Invalid value for '--cpus': '-1' is no list of CPUs"),
        (["run", "lenet", "--cpus", "99999"], 2, "this process may not use the CPUs [99999]"),
        (["sweep", "nosuch"], 2, "there is no sweep 'nosuch'; choose from mlp_500_300_l2"),
        (["record"], 2, "what to record is not said"),
        (["select", "nosuch"], 2, "'nosuch' ships no checkpoint"),
    ],
)
def test_wrong_use_is_told_in_one_line(words, code, message):
    found, out, err = command(*words)
    assert (found, out) == (code, "")
    assert err.startswith(f"error: {message}")
    assert len(err.splitlines()) == 1


def test_a_record_without_its_evaluation_is_refused(tmp_path, tiny):
    folder = tmp_path / "tiny"
    folder.mkdir()
    record = {"schema": results.SCHEMA, "fingerprint": tiny.fingerprint(), "seed": 0, "history": []}
    (folder / "seed-0.json").write_text(json.dumps(record))
    with pytest.raises(TrainingError, match="no whole record"):
        results.stored(tiny, tmp_path)
