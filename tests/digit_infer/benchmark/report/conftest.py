from dataclasses import replace

import pytest

from digit_infer.benchmark.configuration import Configuration
from digit_infer.benchmark.record import Server, Skipped
from digit_infer.benchmark.statistics import Histogram, wilson_interval
from digit_infer.zoo.manifest import Accuracy

MODELS = {"lenet5_v2": (9964, 280_000), "shallow_cnn": (9914, 180_000), "softmax_regression": (9235, 12_000)}
NULL = ("", "null", None, None, 1)


@pytest.fixture
def with_rows():
    """Return a record whose rows are changed by a function."""

    def changed(record, change):
        return replace(record, rows=tuple(map(change, record.rows)))

    return changed


@pytest.fixture
def as_of_models(with_rows):
    """Give the rows of a record the accuracy (None: unknown) and the size of their models, float32 four times as large."""

    def changed(record, models=MODELS):
        def change(row):
            if row.configuration.model not in models:
                return row
            correct, size = models[row.configuration.model]
            accuracy = None if correct is None else Accuracy(correct, 10_000, *wilson_interval(correct, 10_000))
            size *= 4 if row.configuration.precision == "float32" else 1
            return replace(row, accuracy=accuracy, artefact=replace(row.artefact, bytes=size))

        return with_rows(record, change)

    return changed


@pytest.fixture
def rich_record(made_record, as_of_models):
    """Several models, runtimes, precisions and batches, with null, a server row and a runtime that did not work."""
    speed = {"lenet5_v2": 300, "shallow_cnn": 80, "softmax_regression": 8}
    times = {
        (model, runtime, precision, 1, batch): us * batch / (2 if precision == "int8" else 1) / (1 if batch == 1 else 1.5)
        for model, us in speed.items()
        for runtime, precision in (("onnx-cpu", "float32"), ("tflite", "int8"))
        for batch in (1, 32)
    }
    record = as_of_models(made_record(times | {NULL: 0.5}))
    first = record.rows[0]
    server = Server(1500.0, 2.0, Histogram.of([400_000] * 700), 500.0, ((1500.0, True), (2000.0, False)))
    served = replace(first, processes=tuple(replace(process, server=server) for process in first.processes))
    skipped = Skipped(Configuration("lenet5_v2", "onnx-gpu", "float32", 1, 1), "no CUDA device", broken=False)
    return replace(record, rows=(served, *record.rows[1:]), skipped=(skipped,))
