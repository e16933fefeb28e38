"""The state of a run, as a crash or a stranger may leave it."""

import json

import pytest

from training.errors import TrainingError
from training.run import RunFolder

EPOCH = {"epoch": 1, "loss": 1.0, "accuracy": 0.5, "val_loss": 1.0, "val_accuracy": 0.5, "learning_rate": 0.1, "seconds": 1}
STATE = {"schema": 1, "recipe": "tiny", "fingerprint": "0", "seed": 0, "epochs": 2, "backend": "jax", "environment": {}}
STATE |= {"history": [EPOCH], "best_epoch": 1}


def read(folder, text):
    (folder / "state.json").write_text(text)
    return RunFolder(folder).read()


def test_a_sound_state_is_read(tmp_path):
    assert read(tmp_path, json.dumps(STATE)).best_file == "best-01.keras"


@pytest.mark.parametrize(
    "changed",
    [
        {"history": [EPOCH, 5]},
        {"history": "abc"},
        {"history": [{**EPOCH, "loss": "low"}]},
        {"history": [{**EPOCH, "loss": 10**400}]},
        {"best_epoch": 7},
        {"best_epoch": None},
        {"best_epoch": "1"},
        {"environment": []},
        {"epochs": None},
        {"unknown": 1},
    ],
)
def test_an_odd_state_is_refused(tmp_path, changed):
    with pytest.raises(TrainingError, match="is damaged"):
        read(tmp_path, json.dumps({**STATE, **changed}))


@pytest.mark.parametrize("text", ["", "[]", "null", "5", "[" * 100_000, '{"schema": 1}', "\x00"])
def test_what_is_no_state_is_refused(tmp_path, text):
    with pytest.raises(TrainingError, match="is damaged"):
        read(tmp_path, text)
