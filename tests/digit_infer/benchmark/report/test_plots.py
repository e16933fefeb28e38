from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from digit_infer.benchmark.report.plots import front_of, points_of, ridges_of, series_of
from digit_infer.benchmark.report.svg import Box, LogScale, amount, around, duration, placed, shortened, spanning
from digit_infer.benchmark.summary import short_names, summaries

POSITIVE = st.floats(1e-4, 1e9)


@given(st.lists(POSITIVE, min_size=1, max_size=20), st.floats(20, 90))
def test_a_scale_holds_its_values_and_its_ticks_keep_apart(values, apart):
    scale = spanning(values, 10, 700)
    places = [scale(value) for value in sorted(values)]
    assert places == sorted(places)
    assert all(10 < place < 700 for place in places)
    ticks = scale.ticks(apart)
    assume(len(ticks) > 1)
    decades = (700 - 10) / apart - 0.01  # as many as there is room for, one tick each
    if scale.high / scale.low < 10**decades:
        assert all(scale(after) - scale(before) >= apart for before, after in pairwise(ticks))


def test_ticks_are_round():
    assert LogScale(1, 1000, 0, 400).ticks(30) == [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]
    assert LogScale(90, 420, 0, 300).ticks(60) == [100, 200, 300]


@pytest.mark.parametrize(("us", "text"), [(0.42, "420 ns"), (1, "1 µs"), (168.4, "168 µs"), (1500, "1.5 ms"), (2e6, "2 s")])
def test_a_duration_has_the_unit_that_suits_it(us, text):
    assert duration(us) == text


def test_amounts_are_short():
    assert [amount(value) for value in (12, 3400, 2.36e6)] == ["12", "3.4k", "2.36M"]


@given(st.lists(st.tuples(st.floats(0, 600), st.floats(0, 300), st.text("abc ", min_size=1, max_size=30)), max_size=25))
def test_labels_never_cover_one_another_nor_leave_the_plot(points):
    bounds, marks = Box(0, 0, 600, 300), [Box(x - 5, y - 5, x + 5, y + 5) for x, y, _ in points]
    found = [label for label in placed([around(x, y, text, 9) for x, y, text in points], marks, bounds) if label]
    for number, label in enumerate(found):
        assert label.box.within(bounds)
        assert not any(label.box.overlaps(other.box) for other in found[:number])
        assert not any(map(label.box.overlaps, marks))


def test_a_name_is_shortened_by_whole_words():
    assert shortened("lenet5_v2 tflite int8", 1000) == "lenet5_v2 tflite int8"
    assert shortened("lenet5_v2 tflite int8", 120) == "lenet5_v2 tflite"
    assert shortened("lenet5_v2 tflite int8", 1) == "lenet5_v2"


def test_the_front_holds_the_sound_points_that_nothing_beats(rich_record):
    front = front_of(points_of(summaries(rich_record)))
    assert [(point.summary.row.configuration.model, point.summary.row.configuration.precision) for point in front] == [
        ("softmax_regression", "int8"),
        ("shallow_cnn", "int8"),
        ("lenet5_v2", "int8"),
    ]


def test_no_noisy_point_is_on_the_front(made_record):
    points = points_of(summaries(made_record({("lenet", "onnx-cpu", "float32", 1, 1): 500.0}, noise=0.2)))
    assert len(points) == 1
    assert front_of(points) == []


def test_lines_and_ridges_leave_null_out_and_are_in_order(rich_record):
    rows = summaries(rich_record)
    series, ridges = series_of(rows), ridges_of(rows)
    assert len(series) == len(ridges) == 6
    assert [one.last for one in series] == sorted((one.last for one in series), reverse=True)
    assert [ridge.p50_us for ridge in ridges] == sorted(ridge.p50_us for ridge in ridges)
    assert all([batch for batch, _, _ in one.points] == [1, 32] for one in series)


def test_names_in_a_plot_hold_what_differs(rich_record, made_record):
    assert short_names(summaries(rich_record)[:2]) == ["×1", "×32"]
    assert short_names(summaries(rich_record)[:4:2], without=("batch",)) == ["onnx-cpu float32", "tflite int8"]
    (one,) = summaries(made_record({("some/folder/own.onnx", "onnx-cpu", None, 2, 1): 500.0}))
    assert short_names([one], without=("batch",)) == ["own.onnx onnx-cpu"]
