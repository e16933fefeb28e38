import pytest

from digit_infer.benchmark.configuration import Configuration, configurations, scenarios_of


def test_only_configurations_with_a_file_are_planned():
    planned = configurations(["lenet"], ["onnx-cpu", "tflite", "null"], ["float32", "int8"], [1, 2], [1])
    assert [(entry.runtime, entry.precision, entry.threads) for entry in planned] == [
        ("onnx-cpu", "float32", 1),
        ("onnx-cpu", "float32", 2),
        ("tflite", "int8", 1),
        ("tflite", "int8", 2),
        ("null", None, None),
    ]
    paths = configurations(["x/mine.tflite"], ["onnx-cpu", "tflite"], ["float32"], [2], [1, 8])
    assert [(entry.runtime, entry.precision, entry.batch) for entry in paths] == [("tflite", None, 1), ("tflite", None, 8)]


def test_null_is_measured_once_however_many_models_there_are():
    planned = configurations(["lenet", "mlp_512"], ["null"], ["float32"], [1, 2], [1, 32])
    assert [entry.batch for entry in planned] == [1, 32]


@pytest.mark.parametrize(
    ("batch", "meant"), [(1, ("single-stream", "offline", "server")), (8, ("multi-stream", "offline"))]
)
def test_a_batch_decides_which_scenarios_mean_something(batch, meant):
    assert scenarios_of(batch, ("offline", "server", "single-stream", "multi-stream")) == meant


def test_a_configuration_says_itself_in_a_line():
    assert str(Configuration("lenet", "onnx-cpu", "float32", 2, 32)) == "lenet on onnx-cpu in float32, 2 threads, batch 32"
