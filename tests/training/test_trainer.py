import dataclasses
import json
import os
import signal
import subprocess
import sys

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.checkpoint import path_of
from training.data import scaled
from training.errors import TrainingError
from training.recipe import Part, Plateau, Regime
from training.recipes import RECIPES
from training.recipes.own import SLIGHT
from training.run import RunFolder
from training.schedule import half_cosine, learning_rate, rate_after_plateaus
from training.trainer import train


def weights(folder, state, which="last_file"):
    return keras.saving.load_model(folder.path / getattr(state, which)).get_weights()


def test_a_run_trains_reports_and_keeps_the_best(tiny, little_data, tmp_path, watcher):
    folder = RunFolder(tmp_path)
    state = train(tiny, 0, folder, watcher, data=little_data)
    assert watcher.steps_an_epoch == 32
    assert watcher.done == [20, 32] * 3
    assert tuple(watcher.epochs) == state.history
    losses = [epoch.val_loss for epoch in state.history]
    assert losses[-1] < losses[0]
    assert state.best_epoch == 1 + losses.index(min(losses))
    best = keras.saving.load_model(folder.path / state.best_file)
    best.compile(loss="sparse_categorical_crossentropy")
    assert best.evaluate(*little_data[1], verbose=0) == pytest.approx(min(losses), rel=1e-5)
    assert sorted(path.name for path in tmp_path.glob("*.keras")) == sorted({state.last_file, state.best_file})


def test_a_seed_decides_everything(tiny, little_data, tmp_path, watcher):
    runs = [RunFolder(tmp_path / name) for name in ("a", "b", "c")]
    states = [train(tiny, seed, run, watcher, 1, little_data) for seed, run in zip((0, 0, 1), runs, strict=True)]
    first, same, other = (weights(run, state) for run, state in zip(runs, states, strict=True))
    assert all(np.array_equal(one, two) for one, two in zip(first, same, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_a_run_starts_from_a_bundled_checkpoint(little_data, tmp_path, watcher):
    still = dataclasses.replace(
        RECIPES["softmax_regression"],
        name="after",
        starts_from="softmax_regression",
        epochs=1,
        optimizer=Part("SGD", {"learning_rate": 0.0}),
    )
    for seed in (0, 1):
        folder = RunFolder.of(tmp_path, still, seed)
        ended = train(still, seed, folder, watcher, data=little_data)
        first = keras.saving.load_model(path_of("softmax_regression")).get_weights()
        for one, other in zip(first, weights(folder, ended), strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_run_ends_half_way_back_to_its_start(little_data, tmp_path, watcher):
    recipe = dataclasses.replace(
        RECIPES["softmax_regression"],
        starts_from="softmax_regression",
        averaged_with_start=True,
        keeps="last epoch",
        epochs=2,
    )
    ended = train(recipe, 0, RunFolder(tmp_path), watcher, data=little_data)
    start = keras.saving.load_model(path_of("softmax_regression")).get_weights()
    last = weights(RunFolder(tmp_path), ended)
    for before, learned, half in zip(start, last, weights(RunFolder(tmp_path), ended, "best_file"), strict=True):
        assert np.abs(learned - before).max() > 0
        np.testing.assert_allclose(half, (before + learned) / 2, atol=1e-6)


@pytest.mark.parametrize(("content", "problem"), [(None, "does not exist"), (b"", "cannot be loaded")])
def test_a_missing_or_damaged_start_says_how_to_get_it_back(content, problem, little_data, tmp_path, watcher, monkeypatch):
    monkeypatch.setattr("training.run._CHECKPOINTS", tmp_path)
    if content is not None:
        (tmp_path / "start.keras").write_bytes(content)
    recipe = dataclasses.replace(RECIPES["softmax_regression"], starts_from="start")
    with pytest.raises(TrainingError, match=problem) as raised:
        train(recipe, 0, RunFolder(tmp_path / "run"), watcher, data=little_data)
    assert "git checkout -- " in str(raised.value)
    assert "--restart" not in str(raised.value)


def test_a_bundled_network_teaches(tiny, little_data, tmp_path, watcher):
    taught = Regime(SLIGHT, non_digits=0, label_smoothing=0.02, teachers=("softmax_regression",), teacher_share=0.5)
    ended = train(dataclasses.replace(tiny, regime=taught), 0, RunFolder(tmp_path), watcher, 1, little_data)
    alone = dataclasses.replace(tiny, regime=dataclasses.replace(taught, teachers=(), teacher_share=0.0))
    without = train(alone, 0, RunFolder(tmp_path / "alone"), watcher, 1, little_data)
    assert ended.history[0].loss != without.history[0].loss


def test_many_steps_in_one_call_change_no_bit(tiny, little_data, tmp_path, watcher, monkeypatch):
    at_once, one_by_one = RunFolder(tmp_path / "20"), RunFolder(tmp_path / "1")
    first = train(tiny, 0, at_once, watcher, 2, little_data)
    monkeypatch.setattr("training.trainer.STEPS_PER_CALL", 1)
    second = train(tiny, 0, one_by_one, watcher, 2, little_data)
    assert watcher.done[4:] == 2 * list(range(1, 33))
    for one, two in zip(weights(at_once, first), weights(one_by_one, second), strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_resumed_run_ends_where_an_undisturbed_one_does(tiny, little_data, tmp_path, watcher):
    whole, parts = RunFolder(tmp_path / "whole"), RunFolder(tmp_path / "parts")
    undisturbed = train(tiny, 0, whole, watcher, data=little_data)
    for epochs in (1, 2, 3):
        resumed = train(tiny, 0, parts, watcher, epochs, little_data)
    assert [epoch.val_loss for epoch in resumed.history] == [epoch.val_loss for epoch in undisturbed.history]
    for one, two in zip(weights(whole, undisturbed), weights(parts, resumed), strict=True):
        np.testing.assert_array_equal(one, two)


KILLED = """
import sys
sys.path.insert(0, {tests!r})
from conftest import TINY, Watcher
from digit_infer import dataset
from pathlib import Path
from training.run import RunFolder
from training.data import scaled
from training.trainer import train
test = dataset.load("test")
images, labels = scaled(test.images[:1200]), test.labels[:1200]
class Slow(Watcher):
    def stepped(self, done):
        if self.epochs and done == 20:
            print("in the middle of the second epoch", flush=True)
            import time; time.sleep(60)
train(TINY, 0, RunFolder(Path({folder!r})), Slow(), data=((images[:1000], labels[:1000]), (images[1000:], labels[1000:])))
"""


def test_a_run_killed_in_the_middle_of_an_epoch_goes_on_from_the_last_full_one(tiny, little_data, tmp_path, watcher):
    from pathlib import Path

    killed, whole = tmp_path / "killed", tmp_path / "whole"
    code = KILLED.format(tests=str(Path(__file__).parent), folder=str(killed))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout.readline() == b"in the middle of the second epoch\n"
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    assert len(RunFolder(killed).read().history) == 1
    resumed = train(tiny, 0, RunFolder(killed), watcher, data=little_data)
    undisturbed = train(tiny, 0, RunFolder(whole), watcher, data=little_data)
    for one, two in zip(weights(RunFolder(killed), resumed), weights(RunFolder(whole), undisturbed), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-6)


def test_a_run_of_another_recipe_is_not_continued(tiny, little_data, tmp_path, watcher):
    train(tiny, 0, RunFolder(tmp_path), watcher, 1, little_data)
    with pytest.raises(TrainingError, match="holds a run of another fingerprint"):
        train(dataclasses.replace(tiny, batch_size=50), 0, RunFolder(tmp_path), watcher, 2, little_data)
    with pytest.raises(TrainingError, match="holds a run of another seed"):
        train(tiny, 1, RunFolder(tmp_path), watcher, 2, little_data)


def test_damaged_run_folders_are_told(tiny, little_data, tmp_path, watcher):
    folder = RunFolder(tmp_path)
    state = train(tiny, 0, folder, watcher, 1, little_data)
    (tmp_path / state.last_file).write_bytes(b"half")
    with pytest.raises(TrainingError, match=r"last-01\.keras cannot be loaded"):
        train(tiny, 0, folder, watcher, 2, little_data)
    (tmp_path / "state.json").write_text("{")
    with pytest.raises(TrainingError, match=r"state\.json is damaged"):
        train(tiny, 0, folder, watcher, 2, little_data)
    folder.clear()
    assert folder.read() is None


def test_tensorboard_finds_loss_and_accuracy(tiny, little_data, tmp_path, watcher):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    state = train(tiny, 0, RunFolder(tmp_path), watcher, 2, little_data)
    for split, name in (("train", "loss"), ("validation", "val_loss")):
        events = EventAccumulator(str(tmp_path / "tensorboard" / split)).Reload()
        logged = {event.step: event.value for event in events.Scalars("epoch_loss")}
        assert logged == pytest.approx({epoch.epoch: getattr(epoch, name) for epoch in state.history})


def test_the_state_is_json_with_a_schema(tiny, little_data, tmp_path, watcher):
    train(tiny, 0, RunFolder(tmp_path), watcher, 1, little_data)
    document = json.loads((tmp_path / "state.json").read_text())
    assert document["schema"] == 1
    assert document["environment"]["keras"] == keras.__version__


def test_scaling():
    images = np.array([[[0, 255], [51, 102]]], np.uint8)
    np.testing.assert_allclose(scaled(images)[0, ..., 0], [[0, 1], [0.2, 0.4]])
    assert scaled(images).dtype == np.float32


@given(st.lists(st.floats(0, 3), max_size=12), st.integers(1, 3))
def test_the_schedule_is_that_of_keras(losses, patience):
    """Feed the same losses to ``keras.callbacks.ReduceLROnPlateau``."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.SGD(1.0), loss="mse")
    callback = keras.callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.2, patience=patience)
    callback.set_model(model)
    callback.on_train_begin()
    for number, loss in enumerate(losses):
        callback.on_epoch_end(number, {"val_loss": loss})
    expected = float(model.optimizer.learning_rate)
    assert rate_after_plateaus(Plateau(0.2, patience), 1.0, losses) == pytest.approx(expected, rel=1e-4)


def test_a_half_cosine_falls_from_the_start_to_nearly_nothing():
    rates = [half_cosine(0.1, done, 40) for done in range(40)]
    assert rates[0] == 0.1
    assert rates[20] == pytest.approx(0.05)
    assert rates[-1] == pytest.approx(0.1 * (1 - np.cos(np.pi / 40)) / 2)
    assert rates == sorted(rates, reverse=True)


def test_the_rate_of_a_recipe_follows_its_schedule(tiny):
    start = tiny.optimizer.settings["learning_rate"]
    assert learning_rate(tiny, [1.0, 2.0]) == start
    falling = dataclasses.replace(tiny, decay="cosine")
    assert learning_rate(falling, []) == start
    assert learning_rate(falling, [1.0]) == half_cosine(start, 1, tiny.epochs)
    on_plateaus = dataclasses.replace(tiny, plateau=Plateau(factor=0.5, patience=1))
    assert learning_rate(on_plateaus, [1.0, 1.0]) == start * 0.5


def test_a_run_with_more_epochs_than_planned_is_not_taken_for_a_full_one(tiny, little_data, tmp_path, watcher):
    train(tiny, 0, RunFolder(tmp_path), watcher, 4, little_data)
    with pytest.raises(TrainingError, match="holds 4 epochs, more than 3"):
        train(tiny, 0, RunFolder(tmp_path), watcher, data=little_data)
