"""Rows whose process dies, records that make no sense, and files that cannot be written."""

import json
import sys
from pathlib import Path

import pytest

from digit_infer.benchmark.comparison.runs import read_run
from digit_infer.benchmark.configuration import Configuration
from digit_infer.benchmark.process import PREDICTOR
from digit_infer.benchmark.record import Settings
from digit_infer.benchmark.suite import Suite
from digit_infer.errors import RecordError

SETTINGS = Settings(0.05, 1, 0, ("single-stream",), 90, None, 0.0, True, None, None)  # interleaved


def test_interleaved_rows_survive_one_whose_process_dies():
    dying = "import sys; from digit_infer.benchmark import worker as w; stream = w._Measuring.stream\n"
    dying += "w._Measuring.stream = lambda self: sys.exit(3)\nw.serve(w.open_predictor)"
    null, doomed = Configuration("", "null", None, None, 1), Configuration("cnn_arch3", "onnx-cpu", "float32", 1, 1)
    commands = {null: PREDICTOR, doomed: (sys.executable, "-c", dying)}
    outcome = Suite([null, doomed], SETTINGS, commands.__getitem__).run(lambda _: None)
    assert [row.configuration for row in outcome.rows] == [null]
    [lost] = outcome.skipped
    assert lost.configuration == doomed
    assert "exit code 3" in lost.reason


BENCHMARK = {
    "machine_info": {
        "system": "Linux",
        "machine": "x",
        "release": "6",
        "python_implementation": "C",
        "python_version": "3",
    },
    "version": "5",
    "benchmarks": [
        {
            "fullname": "it",
            "options": {"timer": "t", "disable_gc": False, "warmup": False},
            "stats": {"data": [1e-3] * 60, "median": 1e-3, "iqr": 1e-5, "rounds": 60},
        }
    ],
}


@pytest.mark.parametrize(
    "stats",
    [
        {"data": [10**400] * 60},
        {"data": [-1.0] * 60},
        {"data": [None] * 60},
        {"data": [], "median": 10**400, "iqr": 0, "rounds": 60},
        {"data": [], "median": -1, "iqr": -5, "rounds": 60},
        {"data": [], "median": 1, "iqr": 1, "rounds": -10},
        {"data": {"a": 1}},
        {},
        [],
    ],
)
def test_a_record_that_makes_no_sense_is_wrong_use_in_a_line(digit_infer_here, tmp_path, stats):
    path = tmp_path / "odd.json"
    path.write_text(json.dumps({**BENCHMARK, "benchmarks": [{**BENCHMARK["benchmarks"][0], "stats": stats}]}))
    run = digit_infer_here("bench", "compare", path, path)
    assert (run.code, run.out) == (2, "") or "INCONCLUSIVE" in run.out
    if run.code == 2:
        assert len(run.err.splitlines()) == 1


def test_deep_json_and_a_device_are_no_records(tmp_path):
    deep = tmp_path / "deep.json"
    deep.write_text("[" * 100_000)
    for path in (deep, Path("/dev/zero"), tmp_path):
        with pytest.raises(RecordError):
            read_run(path)


def test_a_file_that_cannot_be_written_is_refused_before_anything_is_measured(digit_infer_here, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    for option in ("--save", "--html"):
        run = digit_infer_here("bench", "--quick", "--model", "cnn_arch3", option, blocked / "out")
        assert (run.code, run.out) == (2, "")
        assert "cannot be written" in run.err
        assert len(run.err.splitlines()) == 1
