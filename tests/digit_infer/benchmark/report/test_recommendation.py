from dataclasses import replace

import pytest

from digit_infer.benchmark.report.recommendation import as_accurate, recommendation, taken_for_one
from digit_infer.benchmark.summary import summaries

NULL = ("", "null", None, None, 1)


def key(model, runtime, precision="int8", batch=1):
    return model, runtime, precision, 1, batch


@pytest.fixture
def advice(made_record, as_of_models):
    """Return the recommendation for medians in µs by configuration, as one text."""

    def told(times, **rest):
        models = {"models": rest.pop("models")} if "models" in rest else {}
        return " ".join(recommendation(summaries(as_of_models(made_record(times, **rest), **models))))

    return told


def test_the_fastest_of_the_most_accurate_is_taken_and_never_null(advice):
    told = advice(
        {
            key("lenet5_v2", "onnx-cpu", "float32"): 300,
            key("lenet5_v2", "tflite"): 150,
            key("softmax_regression", "tflite"): 3,
            NULL: 0.5,
        }
    )
    assert told.startswith(
        "On this machine, for one picture at a time, take lenet5_v2 on tflite in int8 with 1 thread, because nothing as "
        "accurate answers faster (p50 1"
    )
    assert "Next comes lenet5_v2 on onnx-cpu in float32 with 1 thread: 3" in told
    assert "If an accuracy of 0.9235 is enough, softmax_regression on tflite in int8 with 1 thread needs only 2.9" in told
    assert "null" not in told


def test_accuracies_whose_intervals_overlap_count_as_the_same(advice):
    models = {"lenet5_v2": (9964, 300_000), "shallow_cnn": (9955, 100_000)}
    told = advice({key("lenet5_v2", "tflite"): 300, key("shallow_cnn", "tflite"): 100}, models=models)
    assert "take shallow_cnn on tflite" in told
    assert (
        "lenet5_v2 on tflite in int8 with 1 thread gave the most right answers, 0.9964: as accurate as far as 10,000"
        in told
    )


def test_accuracies_whose_intervals_do_not_overlap_do_not(made_record, as_of_models):
    rows = summaries(as_of_models(made_record({key("lenet5_v2", "tflite"): 300, key("shallow_cnn", "tflite"): 100})))
    assert [row.row.configuration.model for row in as_accurate(rows)] == ["lenet5_v2"]
    assert taken_for_one(rows) is rows[0]


def test_within_five_percent_the_smaller_file_is_taken(advice):
    told = advice({key("lenet5_v2", "onnx-cpu", "float32"): 100, key("lenet5_v2", "tflite"): 102})
    assert (
        "take lenet5_v2 on tflite in int8 with 1 thread, because nothing as accurate answers more than 5 % faster" in told
    )
    assert "As fast, within 5 %, but with no smaller file: lenet5_v2 on onnx-cpu in float32 with 1 thread" in told
    assert "Next comes" not in told


def test_a_noisy_row_is_not_taken_but_named(made_record, as_of_models):
    quiet = made_record({key("lenet5_v2", "onnx-cpu", "float32"): 300})
    noisy = made_record({key("lenet5_v2", "tflite"): 100}, noise=0.2)
    record = as_of_models(replace(quiet, rows=quiet.rows + noisy.rows))
    told = " ".join(recommendation(summaries(record)))
    assert "take lenet5_v2 on onnx-cpu in float32" in told
    assert "Of lenet5_v2 on tflite in int8 with 1 thread a shorter p50 was measured" in told
    assert "measure it again" in told


def test_where_nothing_is_steady_the_doubt_is_said(advice):
    told = advice({key("lenet5_v2", "tflite"): 100, key("lenet5_v2", "onnx-cpu", "float32"): 300}, noise=0.2)
    assert "take lenet5_v2 on tflite" in told
    assert "measure again before you rely on it" in told


def test_one_row_is_no_choice(advice):
    told = advice({key("lenet5_v2", "tflite"): 150})
    assert "because it is all that could be chosen from (p50 1" in told
    assert "smaller" not in told
    assert "For many pictures" not in told


def test_without_accuracy_nothing_is_said_of_it(advice):
    told = advice(
        {key("lenet5_v2", "tflite"): 150, key("softmax_regression", "tflite"): 3},
        models={"lenet5_v2": (None, 300_000), "softmax_regression": (None, 12_000)},
    )
    assert "take softmax_regression on tflite in int8 with 1 thread, because nothing answers faster" in told
    assert told.endswith("Accuracy was not measured, so nothing of this says which answers are right.")
    assert "accurate" not in told


def test_null_alone_is_nothing_to_recommend(advice):
    assert advice({NULL: 0.5}) == "Nothing was measured but the harness itself, so there is nothing to recommend."


def test_the_smallest_batch_within_five_percent_of_the_most_is_taken(advice):
    rates = {1: 100, 32: 50, 256: 49}
    told = advice({key("lenet5_v2", "tflite", batch=batch): us * batch for batch, us in rates.items()})
    assert "For many pictures, take lenet5_v2 on tflite in int8 with 1 thread in batches of 32: " in told
    assert "times as many as one at a time; larger batches bring less than 5 % more." in told


def test_batches_that_bring_nothing_are_told(advice):
    told = advice({key("lenet5_v2", "tflite"): 100, key("lenet5_v2", "tflite", batch=32): 3200})
    assert "For many pictures, batches bring nothing: lenet5_v2 on tflite in int8 with 1 thread answers" in told


def test_only_batches_give_no_advice_for_one_picture(advice):
    told = advice({key("lenet5_v2", "tflite", batch=32): 3200})
    assert "one picture at a time" not in told
    assert "in batches of 32" in told


def test_a_file_that_is_smaller_is_named_where_size_counts(advice):
    told = advice({key("lenet5_v2", "onnx-cpu", "float32"): 100, key("lenet5_v2", "tflite"): 200})
    assert "Where size counts, take lenet5_v2.int8.onnx, the smallest of these: 280 kB, against 1,120 kB." in told
