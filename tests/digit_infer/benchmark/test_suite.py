import sys

import pytest

from digit_infer import zoo
from digit_infer.benchmark.configuration import Configuration
from digit_infer.benchmark.environment import environment
from digit_infer.benchmark.process import MeasuringProcess
from digit_infer.benchmark.record import Settings
from digit_infer.benchmark.suite import Suite
from digit_infer.errors import MeasurementError

QUICK = Settings(0.02, 2, 0, ("single-stream", "multi-stream", "offline"), 90, None, 0.0, False, None, None)


def run(*planned, settings=QUICK, watch=lambda _: None, **rest):
    outcome = Suite(planned, settings, **rest).run(watch)
    return outcome.rows, outcome.skipped


def test_a_row_tells_the_truth_about_a_known_model():
    planned = [Configuration("softmax_regression", "onnx-cpu", "float32", 1, batch) for batch in (1, 64)]
    rows, skipped = run(*planned, Configuration("", "null", None, None, 1))
    assert not skipped
    single, many, null = rows
    listed = zoo.model_named("softmax_regression")
    for row in (single, many):
        assert row.accuracy == listed.accuracy
        assert row.flips == 0
        assert (row.artefact.bytes, row.artefact.sha256) == (listed.files[0].bytes, listed.files[0].sha256)
        assert row.artefact.provider == "CPUExecutionProvider"
        assert len(row.processes) == 2
        assert all(process.load_ms < process.cold_ms for process in row.processes)
    assert single.processes[0].stream.scenario == "single-stream"
    assert many.processes[0].stream.scenario == "multi-stream"
    assert single.processes[0].stages is not None
    assert many.processes[0].stages is None
    assert sum(process.stream.latencies.samples for process in single.processes) >= 64
    assert all(block.images == 64 * block.queries for block in many.processes[0].offline.blocks)
    assert sorted(process.position for row in rows for process in row.processes) == list(range(6))
    assert (null.accuracy, null.flips, null.artefact.bytes, null.artefact.provider) == (None, None, 0, "nothing")


def test_interleaved_rows_are_open_at_the_same_time():
    settings = Settings(0.2, 1, 0, ("single-stream",), 90, None, 0.0, True, None, None)  # interleaved
    planned = [Configuration(name, "onnx-cpu", "float32", 1, 1) for name in ("softmax_regression", "mlp_64_16_l2")]
    (one, other), _ = run(*planned, settings=settings)
    starts = [[block.start_s for block in row.processes[0].stream.blocks] for row in (one, other)]
    assert max(starts[0][0], starts[1][0]) < min(starts[0][-1], starts[1][-1])
    assert one.processes[0].offline is None


def test_what_cannot_run_is_skipped_with_its_reason_and_the_others_go_on():
    rows, skipped = run(
        Configuration("lenet", "onnx-cpu", "int8", 1, 1), Configuration("softmax_regression", "onnx-cpu", "float32", 1, 1)
    )
    assert len(rows) == 1
    assert "no int8 onnx file" in skipped[0].reason
    assert not skipped[0].broken


def test_what_is_interrupted_keeps_what_it_has():
    def stop(step):
        if step.done == 1 and step.row is None:
            raise KeyboardInterrupt

    planned = [Configuration("softmax_regression", "onnx-cpu", "float32", 1, batch) for batch in (1, 64)]
    outcome = Suite(planned, QUICK).run(stop)
    assert outcome.interrupted
    assert [len(row.processes) for row in outcome.rows] == [1]


def test_a_process_that_dies_is_a_failure_with_its_exit_code():
    with pytest.raises(MeasurementError, match="exit code 3"):
        MeasuringProcess([sys.executable, "-c", "raise SystemExit(3)"], {"model": "lenet", "runtime": "null"})
    _, skipped = run(
        Configuration("lenet", "null", None, None, 1), command=lambda _: [sys.executable, "-c", "raise SystemExit(3)"]
    )
    assert skipped[0].broken


@pytest.mark.parametrize("fact", ["cpu", "cores_visible", "os", "python", "numpy", "onnxruntime", "digit-infer"])
def test_the_environment_names_what_matters(fact):
    assert environment()[fact]
