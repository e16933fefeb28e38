"""``python -m bench peers`` answers wrong use in one line, and records what it measures."""

import json
import subprocess
import sys

import pytest

from bench.peers.environments import ENVIRONMENTS


def run(*words: str) -> subprocess.CompletedProcess[str]:
    program = "from bench.peers.command import peers; peers(prog_name='peers')"
    return subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("install", "jax"), "'jax' is not one of"),
        (("calls", "--models", "lenet9"), "there is no model 'lenet9'"),
        (("loadgen", "--rounds", "0"), "0 is not in the range"),
        (("benchmark-app", "--seconds", "half"), "'half' is not a valid integer"),
    ],
)
def test_wrong_use_is_told_in_a_line(words, told):
    done = run(*words)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_every_command_explains_itself():
    listed = run("--help").stdout
    for name in ("install", "calls", "loadgen", "benchmark-app"):
        assert name in listed
        assert run(name, "--help").returncode == 0


@pytest.mark.skipif(
    not all(environment.folder.exists() for environment in ENVIRONMENTS.values()), reason="python -m bench peers install"
)
def test_calls_are_measured_in_turns_and_recorded(tmp_path):
    out = tmp_path / "peers.json"
    without = [word for name in ("keras_predict", "keras_function") for word in ("--without", name)]
    done = run("calls", "--models", "softmax_regression", "--launches", "1", "--rounds", "2", *without, "--out", str(out))
    assert done.returncode == 0, done.stderr
    record = json.loads(out.read_text(encoding="utf-8"))
    assert set(record["versions"]) == {"onnxruntime", "litert", "openvino"}
    entries = record["results"]
    assert len(entries) == 7
    for entry in entries.values():
        assert [len(rounds) for rounds in entry["rounds_us"]] == [2]
        assert entry["samples"] > 100
