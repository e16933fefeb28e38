import csv
import io
from dataclasses import replace

import pytest

from digit_infer.benchmark.report.tables import COLUMNS, csv_text, escaped, markdown_text, shown_tables
from digit_infer.benchmark.summary import common_remarks, remarks, summaries
from digit_infer.cli.bench.output import print_summaries


def test_csv_says_of_every_row_what_the_summary_says(rich_record):
    lines = list(csv.DictReader(io.StringIO(csv_text(rich_record))))
    assert len(lines) == len(rich_record.rows)
    for line, summary in zip(lines, summaries(rich_record), strict=True):
        assert (line["model"], line["runtime"]) == (summary.row.configuration.model, summary.row.configuration.runtime)
        assert float(line["p50_us"]) == pytest.approx(summary.latency.p50_us, rel=1e-5)
        assert float(line["images_per_second"]) == pytest.approx(summary.images_per_second, rel=1e-5)
        assert line["steady"] == "true"
    first, last = lines[0], lines[-1]
    assert first["file"] == "lenet5_v2.float32.onnx"
    assert first["format"] == "onnx"
    assert float(first["kB"]) == 1120
    assert (first["accuracy"], first["accuracy_low"], first["flips"]) == ("0.9964", "0.99502", "0")
    assert (first["server_rate_per_second"], first["server_samples"]) == ("1500", "3500")
    assert first["p99.9_us"] == ""
    assert float(first["peak_memory_MB"]) == 80
    assert (last["runtime"], last["accuracy"], last["file"], last["kB"]) == ("null", "", "", "")


def test_keys_are_one_each_and_times_say_their_unit():
    keys = [column.key for column in COLUMNS]
    assert len(set(keys)) == len(keys)
    assert all(
        key.endswith(("_us", "_ms")) for key in keys if key.startswith(("p", "load", "first", "cold")) and "0" in key
    )


def test_columns_that_no_row_fills_are_dropped_and_come_back(rich_record, made_record):
    def headings(record):
        return {column.heading for columns, _ in shown_tables(summaries(record)).values() for column in columns}

    assert {"server /s", "infer", "p99"} <= headings(rich_record)
    assert "p99.9" not in headings(rich_record)
    one = made_record({("lenet", "onnx-cpu", "float32", 1, 32): 500.0})
    assert not {"server /s", "infer", "floor µs", "p99.9", "device"} & headings(one)


def test_every_percentile_without_samples_is_empty_and_said(made_record):
    (row,) = summaries(made_record({("lenet", "onnx-cpu", "float32", 1, 1): 500.0}, processes=1, blocks=1))
    assert row.latency.samples == 200
    assert (row.latency.p99_us, row.latency.p999_us) == (None, None)
    assert remarks(row) == ("too few samples for p99",)


def test_a_noisy_row_says_so_before_all_else(made_record):
    (row,) = summaries(made_record({("lenet", "onnx-cpu", "float32", 1, 1): 500.0}, noise=0.2))
    assert remarks(row)[0] == "noisy machine (drift over 10 %)"


def test_what_all_rows_remark_is_said_once(rich_record, capsys):
    rows = summaries(rich_record)
    assert common_remarks(rows) == ("too few samples for p99.9",)
    print_summaries(rich_record)
    printed = capsys.readouterr()
    assert "too few" not in printed.out
    assert printed.err.startswith("all rows: too few samples for p99.9\n")


def test_the_terminal_has_tables_on_stdout_and_notes_on_stderr(rich_record, with_rows, capsys):
    placed = with_rows(
        rich_record,
        lambda row: (
            replace(row, artefact=replace(row.artefact, device="GPU 0", placement={"CUDAExecutionProvider": {"Conv": 3}}))
            if row is rich_record.rows[0]
            else row
        ),
    )
    print_summaries(placed)
    printed = capsys.readouterr()
    assert "0.9964 (0.9950 to 0.9974)" in printed.out
    assert max(len(line.rstrip()) for line in printed.out.splitlines()) <= 210
    assert "lenet5_v2 on onnx-cpu, GPU 0: 3 nodes on CUDAExecutionProvider" in printed.err
    for word in ("flips:", "floor:", "clock: steps of 1 ns, 40 ns to read", "anchor:", "On this machine, for one picture"):
        assert word in printed.err


def test_markdown_is_tables_that_github_renders(rich_record):
    text = markdown_text(rich_record)
    blocks = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    assert [len(block) for block in blocks[:2]] == [2 + len(rich_record.rows)] * 2
    for block in blocks:
        assert len({line.count("|") for line in block}) == 1
    assert "- lenet5\\_v2" not in text
    assert "lenet5_v2 on onnx-gpu in float32, 1 thread, batch 1: no CUDA device" in text
    assert "| cpu | Some CPU |" in text
    assert "shuffled with the seed 0" in text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a|b.onnx", r"a\|b.onnx"),
        ("lenet5_v2", "lenet5_v2"),
        ("_init_.onnx", r"\_init\_.onnx"),
        ("<b>*x*</b>\n# y", r"\<b\>\*x\*\</b\> # y"),
        ("[a](b) `c` \\", r"\[a\](b) \`c\` \\"),
    ],
)
def test_what_markdown_would_read_as_its_own_is_escaped(text, shown):
    assert escaped(text) == shown
