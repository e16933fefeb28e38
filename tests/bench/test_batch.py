"""``python -m bench batch`` on few pictures. DIGIT_INFER_CLUSTER=1 also starts a Ray cluster of two nodes."""

import json
import os
import subprocess
import sys

import pytest

from bench.batch import answer_packed, beside_predict_many, killed_twice, write_folder, write_packed


def test_a_job_is_timed_beside_predict_many_and_killed(tmp_path):
    folder = tmp_path / "pictures"
    write_folder(folder, 5)
    assert [path.name for path in sorted(folder.rglob("*.png"))] == [f"{number:07}.png" for number in range(5)]
    timed = beside_predict_many(folder, tmp_path, 1)
    assert timed["pairs"] == 1
    assert timed["ratio"] == pytest.approx(timed["second_us"] / timed["first_us"])
    killed = killed_twice(folder, tmp_path / "killed", 5)
    assert (killed["rows"], killed["paths"]) == (5, 5)


def test_packed_pictures_take_memory(tmp_path):
    write_packed(tmp_path / "packed", 5)
    found = answer_packed(tmp_path / "packed", tmp_path / "answers", 5)
    assert found.pictures_per_second == pytest.approx(5 / found.seconds)
    assert found.peak_mib > 10


@pytest.mark.skipif("DIGIT_INFER_CLUSTER" not in os.environ, reason="takes a minute; DIGIT_INFER_CLUSTER=1 runs it")
def test_two_nodes_of_a_cluster_both_answer(tmp_path):
    write_folder(tmp_path / "pictures", 2_000)
    program = "import sys, json, pathlib, bench.batch as b; print(json.dumps(b.on_two_nodes(pathlib.Path(sys.argv[1]))))"
    command = [sys.executable, "-c", program, tmp_path / "pictures"]  # a process of its own, since Ray leaves threads
    nodes = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    assert len(nodes) == 2
    assert sum(nodes.values()) == 2_000
