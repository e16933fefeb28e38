import csv
import io
import json

import pytest

from digit_infer import zoo
from digit_infer.benchmark.record import from_document, read_record
from digit_infer.benchmark.summary import summaries
from digit_infer.cli.bench.output import print_record

SMALL = ("bench", "--model", "softmax_regression", "--runtime", "onnx-cpu", "--rounds", "1", "--time", "0.05")


@pytest.fixture(scope="module")
def measured(digit_infer, tmp_path_factory):
    """One run in every format."""
    folder = tmp_path_factory.mktemp("bench")
    files = "--save", folder / "record.json", "--html", folder / "report.html"
    run = digit_infer(*SMALL, "--batch", "1,8", "--json", *files)
    assert run.code == 0, run.err
    return run, folder


def test_json_is_the_whole_record_and_alone_on_stdout(measured):
    run, folder = measured
    record = from_document(json.loads(run.out), "stdout")
    assert record == read_record(folder / "record.json")
    single, many = summaries(record)
    assert single.row.accuracy.correct == zoo.model_named("softmax_regression").accuracy.correct
    assert (single.row.configuration.batch, many.row.configuration.batch) == (1, 8)
    assert single.latency.p50_us > 0
    assert single.latency.samples >= 662
    assert 0 < single.machine_share < 1
    assert record.environment["onnxruntime"]
    assert record.machine.matrix_product_gflops.keys() == {"1"}


def test_the_report_is_one_file_that_names_the_model(measured):
    _, folder = measured
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "softmax_regression" in page
    assert "https://" not in page.replace("https://www.w3.org", "")


def test_csv_and_markdown_have_a_line_a_row(digit_infer, measured, capsys):
    run = digit_infer(*SMALL, "--scenario", "offline", "--percentile", "90", "--batch", "8", "--csv")
    assert [row["batch"] for row in csv.DictReader(io.StringIO(run.out))] == ["8"]
    print_record(read_record(measured[1] / "record.json"), "markdown")
    answers, processes = capsys.readouterr().out.split("## Processes")
    assert answers.count("| softmax_regression |") == processes.count("| softmax_regression |") == 2


def test_a_server_keeps_its_rate_and_a_search_its_bound(digit_infer):
    words = (*SMALL, "--batch", "1", "--scenario", "server", "--json")
    (given,) = summaries(from_document(json.loads(digit_infer(*words, "--rate", "2000").out), "given"))
    assert given.server_rate == 2000
    assert given.server.samples == 662
    assert given.latency is None
    (sought,) = summaries(from_document(json.loads(digit_infer(*words, "--find-rate", "1000").out), "sought"))
    assert sought.server.p99_us <= 1e6


def test_what_is_not_available_fails_and_says_why(digit_infer):
    run = digit_infer("bench", "--runtime", "onnx-gpu", "--precision", "float32", "--batch", "1")
    assert (run.code, run.out) == (1, "")
    assert run.err.splitlines()[-1].startswith("error: digitnet on onnx-gpu in float32 cannot be measured; ")


@pytest.fixture(scope="module")
def beside_a_damaged_model(digit_infer, tmp_path_factory):
    """One run in the terminal, of a sound model and a damaged one."""
    path = tmp_path_factory.mktemp("damaged") / "damaged.onnx"
    path.write_bytes(b"no model")
    return digit_infer(*SMALL, "--model", path, "--runtime", "all", "--quick", "--batch", "1")


def test_a_damaged_model_fails_though_others_are_measured(beside_a_damaged_model):
    assert beside_a_damaged_model.code == 1
    assert "softmax_regression" in beside_a_damaged_model.out
    assert "is no ONNX model" in beside_a_damaged_model.err


def test_the_table_says_accuracy_with_its_interval(beside_a_damaged_model):
    for figure in ("0.9235", "0.9181", "0.9285"):
        assert figure in beside_a_damaged_model.out


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--batch", "0"], "whole numbers"),
        (["--batch", "x"], "whole numbers"),
        (["--batch", "1000000000"], "whole numbers"),
        (["--threads", "0"], "whole numbers"),
        (["--time", "0"], "--time"),
        (["--model", "nosuch"], "no model 'nosuch'"),
        (["--model", "all", "--model", "lenet"], "contradict"),
        (["--model", "x.onnx", "--precision", "int8"], "one precision"),
        (["--scenario", "fast"], "none of single-stream"),
        (["--scenario", "server"], "neither"),
        (["--scenario", "server", "--rate", "5", "--find-rate", "1"], "--rate and --find-rate"),
        (["--rate", "5", "--scenario", "offline"], "add server"),
        (["--scenario", "single-stream", "--batch", "8"], "does not apply to batch 8"),
        (["--quick", "--thorough"], "contradict"),
        (["--percentile", "42"], "percentile"),
        (["--json", "--html", "/"], "directory"),
    ],
)
def test_wrong_use_is_refused_in_a_line(digit_infer_here, words, why):
    run = digit_infer_here("bench", *words)
    assert (run.code, run.out) == (2, "")
    assert why in run.err
    assert len(run.err.splitlines()) == 1
