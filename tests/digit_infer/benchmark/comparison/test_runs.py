"""On files that pytest-benchmark wrote just now, and on what is made of them."""

import importlib.util
import json
import os
import subprocess
import sys

import pytest

from digit_infer.benchmark.comparison.judgement import Limits
from digit_infer.benchmark.comparison.pairing import compare
from digit_infer.benchmark.comparison.runs import Spread, Stretches, read_run
from digit_infer.errors import RecordError

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("pytest_benchmark") is None,
    reason="pytest-benchmark is not installed: nothing writes its files",
)

LIMITS = Limits(share=0.05, absolute_us=0.2)
SUITE = """
import pytest

@pytest.mark.parametrize("size", [3_000, 30_000])
def test_adding(benchmark, size):
    benchmark.pedantic(sum, args=(range(size),), rounds=ROUNDS, iterations=1)
"""


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Return what runs pytest-benchmark for so many rounds and answers the JSON that it wrote."""

    def measure(*options, rounds=200):
        folder = tmp_path_factory.mktemp("suite")
        (folder / "test_suite.py").write_text(SUITE.replace("ROUNDS", str(rounds)))
        words = ["-q", "-p", "no:cacheprovider", "--benchmark-save=run", "--benchmark-storage=saved", *options]
        # In a process of pytest-xdist, pytest-benchmark measures nothing.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_XDIST")}
        command = [sys.executable, "-m", "pytest", *words]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, env=environment)
        (path,) = (folder / "saved").glob("*/*_run.json")
        return json.loads(path.read_text())

    return measure


@pytest.fixture(scope="module")
def whole(measured):
    return measured("--benchmark-save-data")


@pytest.fixture
def read(tmp_path):
    """Return what reads a document as a run."""

    def as_run(document, name="a.json"):
        path = tmp_path / name
        path.write_text(json.dumps(document))
        return read_run(path)

    return as_run


def slowed(document, factor):
    """Return the document with every time multiplied."""
    benchmarks = []
    for benchmark in document["benchmarks"]:
        stats = benchmark["stats"]
        times = {"median": factor * stats["median"], "iqr": factor * stats["iqr"]}
        times |= {"data": [factor * time for time in stats["data"]]} if "data" in stats else {}
        benchmarks.append(benchmark | {"stats": stats | times})
    return document | {"benchmarks": benchmarks}


def test_every_round_is_read_where_it_was_saved(whole, read):
    run = read(whole)
    assert run.writer == "pytest-benchmark"
    assert list(run.subjects) == ["test_suite.py::test_adding[3000]", "test_suite.py::test_adding[30000]"]
    for subject, benchmark in zip(run.subjects.values(), whole["benchmarks"], strict=True):
        sample = subject.samples["p50"]
        assert isinstance(sample, Stretches)
        assert len(sample.medians_us) == 10
        data = [1e6 * time for time in benchmark["stats"]["data"]]
        assert (
            min(data) <= min(sample.medians_us) <= 1e6 * benchmark["stats"]["median"] <= max(sample.medians_us) <= max(data)
        )


def test_without_the_rounds_the_spread_is_read(measured, read):
    document = measured()
    assert "data" not in document["benchmarks"][0]["stats"]
    sample = read(document).subjects["test_suite.py::test_adding[3000]"].samples["p50"]
    stats = document["benchmarks"][0]["stats"]
    assert sample == Spread(1e6 * stats["median"], 1e6 * stats["iqr"], 200)
    twice = compare(read(document), read(slowed(document, 2), "b.json"), LIMITS)
    assert [finding.verdict for finding in twice.findings] == ["FAIL", "FAIL"]


def test_the_same_file_does_not_fail_and_one_twice_as_slow_does(whole, read):
    same = compare(read(whole), read(whole, "b.json"), LIMITS)
    assert "FAIL" not in [finding.verdict for finding in same.findings]
    assert same.differences == ()
    slow = compare(read(whole), read(slowed(whole, 2), "b.json"), LIMITS)
    assert [finding.verdict for finding in slow.findings] == ["FAIL", "FAIL"]
    assert all(finding.change.ratio == pytest.approx(2) for finding in slow.findings)


def test_five_rounds_tell_nothing(measured, read):
    document = measured("--benchmark-save-data", rounds=5)
    found = compare(read(document), read(slowed(document, 2), "b.json"), LIMITS)
    assert found.verdict == "INCONCLUSIVE"
    assert "5 rounds" in found.findings[0].reason


def test_another_machine_timer_or_writer_is_refused(whole, read, made_record, tmp_path):
    machine = whole["machine_info"]
    other = whole | {"machine_info": machine | {"cpu": machine["cpu"] | {"brand_raw": "Other CPU"}}}
    with pytest.raises(RecordError, match=r"brand_raw: .* and Other CPU"):
        compare(read(whole), read(other, "b.json"), LIMITS)
    collecting = [entry | {"options": entry["options"] | {"disable_gc": True}} for entry in whole["benchmarks"]]
    with pytest.raises(RecordError, match="disable_gc: False and True"):
        compare(read(whole), read(whole | {"benchmarks": collecting}, "b.json"), LIMITS)
    from digit_infer.benchmark.record import as_document

    ours = read(as_document(made_record({("lenet", "onnx-cpu", "float32", 1, 1): 250.0})), "ours.json")
    with pytest.raises(RecordError, match=r"from pytest-benchmark, .*ours\.json from digit-infer bench"):
        compare(read(whole), ours, LIMITS)


def test_another_commit_is_told(whole, read):
    other = whole | {"commit_info": {"id": "abc", "dirty": True}}
    (line,) = compare(read(whole), read(other, "b.json"), LIMITS).differences
    assert line.endswith("and abc with changes")


@pytest.mark.parametrize("key", ["machine_info", "benchmarks"])
def test_what_is_not_whole_is_refused(whole, read, key):
    with pytest.raises(RecordError, match=r"no complete record \("):
        read(whole | {key: {}} if key == "machine_info" else whole | {key: [{"fullname": "it"}]})
