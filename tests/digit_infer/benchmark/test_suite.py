import gc
import time

import numpy as np
import pytest

from digit_infer import zoo
from digit_infer.benchmark import accuracy, timing
from digit_infer.benchmark.environment import environment
from digit_infer.benchmark.suite import Configuration, Reference, Row, Skipped, configurations, measure


def test_a_row_tells_the_truth_about_a_known_model(mnist_test):
    row = measure(
        Configuration("softmax_regression", "onnx-cpu", "float32", 1), mnist_test, Reference(mnist_test), [1, 64], 0.05
    )
    listed = zoo.model_named("softmax_regression")
    assert isinstance(row, Row)
    assert row.accuracy == listed.accuracy
    assert row.flips == 0
    assert row.bytes == listed.files[0].bytes
    assert row.provider == "CPUExecutionProvider"
    assert row.latency.samples >= 64
    assert 0 < row.latency.p50_us <= row.latency.p90_us
    assert [entry.batch for entry in row.throughput] == [1, 64]
    assert all(entry.images % entry.batch == 0 for entry in row.throughput)


def test_null_measures_the_harness_alone(mnist_test):
    row = measure(Configuration("lenet", "null", None, None), mnist_test, Reference(mnist_test), [1], 0.05)
    assert (row.accuracy, row.flips, row.bytes) == (None, None, 0)


def test_what_cannot_run_is_skipped_with_its_reason(mnist_test):
    entry = measure(Configuration("lenet", "onnx-cpu", "int8", 1), mnist_test, Reference(mnist_test), [1], 0.05)
    assert isinstance(entry, Skipped)
    assert "no int8 onnx file" in entry.reason
    assert not entry.broken


def test_only_configurations_with_a_file_are_planned():
    planned = configurations(["lenet"], ["onnx-cpu", "tflite", "null"], ["float32", "int8"], None)
    assert [(entry.runtime, entry.precision) for entry in planned] == [
        ("onnx-cpu", "float32"),
        ("tflite", "int8"),
        ("null", None),
    ]
    assert [entry.runtime for entry in configurations(["x/mine.tflite"], ["onnx-cpu", "tflite"], ["float32"], 2)] == [
        "tflite"
    ]


def test_flips_and_accuracy_count_what_they_say():
    reference = np.eye(10, dtype=np.float32)
    candidate = reference.copy()
    candidate[3] = reference[4]
    assert accuracy.flips(reference, candidate) == (3,)
    assert accuracy.accuracy_of(candidate, np.arange(10, dtype=np.uint8)).correct == 9


def test_latency_times_the_call(mnist_test):
    """A call that sleeps 2 ms is found to take 2 ms and not much less; and the collector is on again afterwards."""

    def sleepy(images):
        time.sleep(0.002)
        return images

    found = timing.latency(sleepy, mnist_test.images[:3], 0.01)
    assert found.samples >= 64
    assert found.p50_us >= 2_000
    assert found.p99_us is None
    assert gc.isenabled()
    assert timing.throughput(sleepy, mnist_test.images[:3], 8, 0.05).images_per_second <= 8 / 0.002


@pytest.mark.parametrize("fact", ["cpu", "cores_visible", "os", "python", "numpy", "onnxruntime", "digit-infer"])
def test_the_environment_names_what_matters(fact):
    assert environment()[fact]
