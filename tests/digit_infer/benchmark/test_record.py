import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digit_infer.benchmark.record import as_document, from_document, read_record
from digit_infer.benchmark.statistics import Histogram
from digit_infer.benchmark.summary import summaries
from digit_infer.errors import RecordError

TIMES = {("lenet5_v2", "onnx-cpu", "float32", 1, 1): 168.0, ("", "null", None, None, 1): 0.5}


def test_a_record_survives_json(made_record):
    record = made_record(TIMES)
    assert from_document(json.loads(json.dumps(as_document(record))), "it") == record


def test_what_is_no_record_is_refused(made_record, tmp_path):
    with pytest.raises(RecordError, match="cannot be read"):
        read_record(tmp_path / "none.json")
    path = tmp_path / "record.json"
    for text in ("", "[]", '{"schema": 1}', "{"):
        path.write_text(text)
        with pytest.raises(RecordError):
            read_record(path)
    whole = as_document(made_record(TIMES))
    for key in [key for key in whole if key != "schema"]:
        with pytest.raises(RecordError, match="no complete record"):
            from_document({name: value for name, value in whole.items() if name != key}, "it")
    with pytest.raises(RecordError, match="seconds"):
        from_document(whole | {"settings": whole["settings"] | {"seconds": "1"}}, "it")


@given(st.lists(st.integers(0, 10**12), min_size=64, max_size=300))
def test_a_percentile_of_bins_is_at_most_a_thousandth_short(samples):
    for percent in (50, 90):
        exact = np.percentile(samples, percent, method="inverted_cdf")
        found = 1000 * Histogram.of(samples).percentile_us(percent)
        assert exact * (1 - 1 / 1024) <= found + 1e-6 <= exact + 2e-6


@given(st.lists(st.integers(0, 10**9), max_size=50), st.lists(st.integers(0, 10**9), max_size=50))
def test_histograms_add_up(some, others):
    assert Histogram.merged([Histogram.of(some), Histogram.of(others)]) == Histogram.of(some + others)


def test_a_summary_says_what_was_put_in(made_record):
    row, null = summaries(made_record(TIMES))
    assert row.latency.p50_us == pytest.approx(168, rel=0.02)
    assert row.latency.samples == 5 * 5 * 200
    assert row.latency.p999_us is None
    assert row.images_per_second == pytest.approx(1e6 / 168, rel=0.02)
    assert row.floor_us == null.latency.p50_us
    assert row.gflops == pytest.approx(2 * 5e6 * row.images_per_second / 1e9)
    assert row.machine_share == pytest.approx(row.gflops / 100)
    assert (row.cold_ms, row.load_ms, row.steady) == (250, 12, True)


def test_a_machine_that_moves_is_not_steady(made_record):
    (row,) = summaries(made_record({("lenet", "onnx-cpu", "float32", 1, 1): 500.0}, noise=0.2))
    assert not row.steady
    assert row.drift > 0.2
