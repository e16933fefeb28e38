"""Our own networks: within their limits, chosen as the protocol says, and the page as the records are."""

import dataclasses
import json

import numpy as np
import pytest

from digit_infer.dataset import Split
from digit_infer.errors import UsageError
from training import search
from training.cli.search import search as command
from training.data import training_data
from training.errors import TrainingError
from training.network import build
from training.recipes import OWN, ROWS, recipe_named
from training.recipes.own import STARTS
from training.run import RunFolder
from training.weights import kept, taught_by

LIMITS = {"digitnet": 100_000, "digitnet_nano": 10_000}


@pytest.mark.parametrize("name", LIMITS)
def test_they_keep_their_limits_and_never_watch_the_test_set(name):
    recipe = OWN[name]
    assert build(recipe).count_params() == recipe.parameters <= LIMITS[name]
    assert not recipe.watched_the_test_set
    assert name not in ROWS
    assert recipe_named(name) is recipe
    with pytest.raises(TrainingError, match="nothing is published"):
        _ = recipe.published


@pytest.mark.parametrize("name", LIMITS)
def test_the_recipe_is_the_one_that_was_judged_before_the_test_set_was(name):
    recipe, _ = search.stored(name)
    assert recipe == OWN[name]
    assert recipe.calibrated, "its temperature is of held-out images"
    assert recipe.starts_from in STARTS


@pytest.mark.parametrize("name", search.TRIED)
def test_every_candidate_is_recorded_and_kept_away_from_the_test_set(name):
    recipe, record = search.stored(name)
    assert record["recipe"] == recipe.name == name
    assert recipe.validation == (
        "first 5,000 of train" if name in ("digitnet_wide", "digitnet_long", "digitnet_signs") else "last 10,000 of train"
    )
    assert record["parameters"] == recipe.parameters
    assert len(record["history"]) == recipe.epochs
    held_out = record["held_out"]
    rounding = None if recipe.precision == "float32" else 3e-4  # an epoch is evaluated in the precision it trains in
    assert held_out["plain_accuracy"] == pytest.approx(record["history"][-1]["val_accuracy"], abs=rounding)
    before, at = held_out["plain_calibration"]
    assert at < before or (held_out["temperature"] == 1 and at == pytest.approx(before, rel=1e-3))
    rejected = list(held_out["changed_rejected"].values())
    assert rejected == sorted(rejected, reverse=True), "who keeps more digits rejects fewer non-digits"


def test_the_split_holds_the_last_images_out(monkeypatch):
    numbers = np.arange(12_000)
    images = np.zeros((len(numbers), 28, 28), np.uint8)
    images[:, 0, 0], images[:, 0, 1] = numbers % 256, numbers // 256
    monkeypatch.setattr("training.data.dataset.load", lambda _: Split(images, (numbers % 10).astype(np.uint8)))
    (learned, labels), (held_out, held_labels) = training_data(search.stored("q_e12")[0])
    assert (len(learned), len(held_out)) == (2_000, 10_000)
    (everything, every_label), _ = training_data(dataclasses.replace(OWN["digitnet_nano"], validation="none"))
    np.testing.assert_array_equal(everything, np.concatenate([learned, held_out]))
    np.testing.assert_array_equal(every_label, np.concatenate([labels, held_labels]))


def test_teachers_answer_by_their_mean(tmp_path, tiny):
    paths = []
    for number in range(2):
        paths.append(tmp_path / f"{number}.keras")
        kept(build(tiny), tiny).save(paths[-1])
    images = np.random.default_rng(0).random((5, 28, 28, 1), np.float32)
    single = [taught_by([path])(images) for path in paths]
    np.testing.assert_allclose(taught_by(paths)(images), np.mean(single, axis=0), atol=1e-6)


def test_a_candidate_is_judged_on_what_it_did_not_learn_from(tmp_path, tiny, little_data, watcher, monkeypatch):
    tried, _ = search.stored("q_e12")
    candidate = dataclasses.replace(tried, name="tiny", network=tiny.network, parameters=tiny.parameters,
                                    frozen_parameters=tiny.frozen_parameters, epochs=1)  # fmt: skip
    monkeypatch.setattr(search, "FOLDER", tmp_path)
    for module in ("trainer", "search"):
        monkeypatch.setattr(f"training.{module}.training_data", lambda _: little_data)
    record, path = search.search(candidate, tmp_path / "runs", watcher)
    assert path == tmp_path / "tiny.json"
    assert json.loads((tmp_path / "tiny.json").read_text()) == json.loads(json.dumps(record))
    assert 0 < record["held_out"]["plain_accuracy"] < 1
    again, _ = search.search(candidate, tmp_path / "runs", watcher)
    assert again["held_out"] == record["held_out"]
    assert len(RunFolder.of(tmp_path / "runs", candidate, 0).read().history) == 1


def test_a_network_on_its_way_and_further_seeds_leave_the_record_of_the_name(
    tmp_path, tiny, little_data, watcher, monkeypatch
):
    candidate = dataclasses.replace(tiny, calibrated=True, regime=search.stored("q_e12")[0].regime, epochs=1)
    monkeypatch.setattr(search, "FOLDER", tmp_path / "records")
    for module in ("trainer", "search"):
        monkeypatch.setattr(f"training.{module}.training_data", lambda _: little_data)
    record, of_the_name = search.search(candidate, tmp_path, watcher)
    _, of_a_seed = search.search(candidate, tmp_path, watcher, 1)
    monkeypatch.setitem(search.NEXT, candidate.name, candidate)
    _, of_the_next = search.search(candidate, tmp_path, watcher)
    assert of_the_name == tmp_path / "records" / f"{candidate.name}.json"
    assert of_a_seed == RunFolder.of(tmp_path, candidate, 1).path / "held_out.json"
    assert of_the_next == RunFolder.of(tmp_path, candidate, 0).path / "held_out.json"
    assert json.loads(of_a_seed.read_text())["seed"] == 1
    assert json.loads(of_the_name.read_text()) == json.loads(json.dumps(record))


def test_a_student_waits_for_its_teachers(tmp_path, watcher):
    with pytest.raises(TrainingError, match="s3_e12 has no finished run"):
        search.search(search.stored("q_e12_taught")[0], tmp_path, watcher)


def test_an_unknown_candidate_is_wrong_use():
    with pytest.raises(UsageError, match="there is no candidate 'x'"):
        command.callback(("x",), 0, None)
