from dataclasses import replace

import pytest

from digit_infer.benchmark.comparison.judgement import Limits
from digit_infer.benchmark.comparison.pairing import compare
from digit_infer.benchmark.comparison.runs import METRICS, run_of_record
from digit_infer.errors import RecordError

LIMITS = Limits(share=0.05, absolute_us=0.2)
LENET = ("lenet5_v2", "onnx-cpu", "float32", 1, 1)
CNN = ("shallow_cnn", "onnx-cpu", "float32", 1, 1)
BATCH = ("lenet5_v2", "onnx-cpu", "float32", 1, 32)
HERE = {"cpu": "Some CPU", "cores_visible": "2", "memory_kb": "8000000", "onnxruntime": "1.23.0", "load_average": "0.5"}


@pytest.fixture
def run(made_record):
    """Return what makes a run of seven processes: p50 in µs by configuration."""

    def make(times, name="a.json", *, seed=0, environment=HERE, **settings):
        record = made_record(times, seed=seed, environment=environment, processes=7)
        return run_of_record(replace(record, settings=replace(record.settings, **settings)), name)

    return make


def test_rows_are_paired_by_configuration_whatever_their_order(run):
    first = run({LENET: 250.0, CNN: 75.0, BATCH: 5_000.0})
    second = run({BATCH: 5_000.0, CNN: 90.0, LENET: 251.0}, "b.json", seed=1)
    found = compare(first, second, LIMITS, METRICS)
    verdicts = {(finding.subject, finding.metric): finding.verdict for finding in found.findings}
    assert len(verdicts) == 9
    slow = "shallow_cnn on onnx-cpu in float32, 1 thread, batch 1"
    assert {key for key, verdict in verdicts.items() if verdict == "FAIL"} == {
        (slow, metric) for metric in ("p50", "p90", "throughput")
    }
    assert found.verdict == "FAIL"
    assert (found.only_in_first, found.only_in_second, found.differences) == ((), (), ())
    medians = next(finding for finding in found.findings if finding.subject == slow)
    assert (medians.first, medians.second) == (pytest.approx(75, rel=0.02), pytest.approx(90, rel=0.02))


def test_what_has_no_partner_is_named_down_to_the_metric(run, made_record):
    first, second = run({LENET: 250.0, CNN: 75.0}), run({LENET: 250.0, BATCH: 5_000.0}, "b.json", seed=1)
    found = compare(first, second, LIMITS)
    assert found.only_in_first == ("shallow_cnn on onnx-cpu in float32, 1 thread, batch 1",)
    assert found.only_in_second == ("lenet5_v2 on onnx-cpu in float32, 1 thread, batch 32",)
    (row,) = made_record({LENET: 250.0}, processes=7).rows
    streamed = replace(row, processes=tuple(replace(process, offline=None) for process in row.processes))
    record = replace(made_record({}, environment=HERE), rows=(streamed,))
    found = compare(run({LENET: 250.0}), run_of_record(record, "b.json"), LIMITS, METRICS)
    assert [finding.metric for finding in found.findings] == ["p50", "p90"]
    assert found.only_in_first == ("lenet5_v2 on onnx-cpu in float32, 1 thread, batch 1, throughput",)


def test_only_the_metrics_that_were_asked_for_are_judged(run):
    run_ = run({LENET: 250.0})
    assert [finding.metric for finding in compare(run_, run_, LIMITS).findings] == ["p50", "throughput"]
    assert [finding.metric for finding in compare(run_, run_, LIMITS, ("p90",)).findings] == ["p90"]


def test_the_harness_itself_is_judged_by_its_latency_alone(run):
    null = run({("", "null", None, None, 1): 0.5})
    found = compare(null, run({("", "null", None, None, 1): 0.6}), LIMITS)
    assert [(finding.subject, finding.metric, finding.verdict) for finding in found.findings] == [
        ("null, batch 1", "p50", "PASS")
    ]


def test_a_run_passes_against_itself(run):
    assert compare(run({LENET: 250.0, BATCH: 5_000.0}), run({LENET: 250.0, BATCH: 5_000.0}), LIMITS).verdict == "PASS"


def test_one_inconclusive_finding_makes_the_whole_so(run, made_record):
    single = run_of_record(made_record({LENET: 250.0}, environment=HERE, processes=1), "b.json")
    assert compare(run({LENET: 250.0}), single, LIMITS).verdict == "INCONCLUSIVE"


def test_another_machine_is_refused_unless_it_is_meant(run):
    first, second = run({LENET: 250.0}), run({LENET: 250.0}, "b.json", environment=HERE | {"cpu": "Other CPU"})
    with pytest.raises(RecordError, match=r"cpu: Some CPU and Other CPU.*--across-machines"):
        compare(first, second, LIMITS)
    found = compare(first, second, LIMITS, across_machines=True)
    assert found.differences == ("cpu: Some CPU and Other CPU",)


@pytest.mark.parametrize(
    ("settings", "told"),
    [({"pause_ms": 10.0}, "pause: 0 ms and 10 ms"), ({"interleaved": True}, "interleaved: no and yes")],
)
def test_other_settings_are_refused(run, settings, told):
    with pytest.raises(RecordError, match=told):
        compare(run({LENET: 250.0}), run({LENET: 250.0}, **settings), LIMITS)


def test_nothing_in_common_is_refused(run):
    with pytest.raises(RecordError, match="no configuration and metric in common"):
        compare(run({LENET: 250.0}), run({CNN: 75.0}), LIMITS)


def test_files_versions_and_accuracy_that_differ_are_told_and_what_always_differs_is_not(run, made_record):
    record = made_record({LENET: 250.0, CNN: 75.0}, environment=HERE | {"onnxruntime": "1.24.0", "load_average": "9"})
    other = replace(record.rows[0].artefact, sha256="cd" * 32)
    rows = (replace(record.rows[0], artefact=other, accuracy=None), record.rows[1])
    found = compare(run({LENET: 250.0, CNN: 75.0}), run_of_record(replace(record, rows=rows), "b.json"), LIMITS)
    lenet = "lenet5_v2 on onnx-cpu in float32, 1 thread, batch 1"
    assert found.differences == (
        "onnxruntime: 1.23.0 and 1.24.0",
        f"file's sha256: {'ab' * 32} and {'cd' * 32} ({lenet})",
        f"accuracy: 0.9964 and nothing ({lenet})",
    )
