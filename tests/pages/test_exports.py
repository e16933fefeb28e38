"""The page of exports, its records and the zoo say the same, and the bars are kept."""

from pathlib import Path
from statistics import median

import pytest

from bench.lean_graphs import OURS, comparisons
from digit_infer import zoo
from digit_infer.runtimes.model_file import sha256_of
from export.pairs import ALL, NOT_MADE
from export.published import SHIPPED
from export.records.calibration import read_study
from export.records.microcontrollers import read_tflm_results
from export.records.quantization import read_record
from export.records.tflite_choices import read_choices
from export.report import Refusal
from pages.exports import GOOD, LARGE, loss, networks

PAGE = Path(__file__).parents[2] / "docs" / "exports.md"
NETWORKS = networks()
PROVEN = [report for network in NETWORKS for report in network.proven.values()]


def test_the_page_has_every_network_in_every_form_and_no_empty_cell():
    text = PAGE.read_text(encoding="utf-8")
    for network in NETWORKS:
        assert list(network.by_pair) == list(ALL)
        assert all(pair == (one.file.format, one.file.precision) for pair, one in network.proven.items())
        section = text.partition(f"\n### {network.name}\n")[2].partition("\n### ")[0]
        lines = [line.split("|")[1:-1] for line in section.splitlines() if line.startswith("| ")][2:]
        assert len(lines) == len(ALL) + len(NOT_MADE)
        assert all(cell.strip() for line in lines for cell in line)


@pytest.mark.parametrize("name", list(zoo.models()))
def test_manifest_and_records_are_of_the_same_files(name):
    model = zoo.model_named(name)
    listed = {(file.format, file.precision): file for file in (*model.files, *model.exports)}
    proven = {(report.file.format, report.file.precision): report.file for report in PROVEN if report.model == name}
    assert listed == proven
    assert {report.trained for report in PROVEN if report.model == name} == {model.accuracy}
    for pair in SHIPPED:
        assert sha256_of(zoo.FILES / listed[pair].file) == listed[pair].sha256


def test_what_is_refused_is_the_network_that_fails():
    refused = [report for network in NETWORKS for report in network.by_pair.values() if isinstance(report, Refusal)]
    assert {(refusal.model, refusal.precision) for refusal in refused} <= {("cnn_arch3", "float16")}


def test_integers_cost_at_most_a_fifth_of_a_point_and_nothing_in_the_median():
    good = {network.name for network in NETWORKS if network.trained > GOOD}
    assert len(good) == 16
    for kind in ALL:
        losses = [
            loss(entry) for entry in PROVEN if entry.model in good and (entry.file.format, entry.file.precision) == kind
        ]
        assert len(losses) == len(good)
        assert max(losses) <= 0.20
        assert median(losses) <= 0.05


def test_full_integer_files_of_large_networks_weigh_three_tenths():
    bytes_of = {(entry.model, entry.file.format, entry.file.precision): entry.file.bytes for entry in PROVEN}
    large = [name for name, model in zoo.models().items() if model.parameters > LARGE]
    assert len(large) == 16
    for name in large:
        for model_format in ("onnx", "tflite"):
            assert bytes_of[name, model_format, "int8"] <= 0.30 * bytes_of[name, model_format, "float32"]


def test_what_changes_answers_on_training_images_stays_in_floats():
    """In cnn_arch3 five numbers stand for an image: with its dense layers in integers too many answers change."""
    said = {entry.model: entry.quantized for entry in PROVEN if entry.file.file.endswith(".int8.onnx")}
    assert said["cnn_arch3"] == "convolutions"
    assert said["lenet"] == "all but thin convolutions"
    assert said["mlp_512"] == "all products"


def test_integers_answer_alike_however_they_are_computed():
    """In floats, as ONNX Runtime simulates integers, few answers change: those that are all but ties."""
    for entry in PROVEN:
        if entry.file.precision == "int8" and entry.file.format == "onnx":
            (other,) = [found for found in entry.agreements if found.runtime == "ONNX Runtime, graph as written"]
            assert (other.images, len(other.flips)) <= (10_000, 10)


def test_lean_graphs_are_no_slower_than_what_tf2onnx_writes():
    ours = {entry.model: entry for entry in comparisons() if entry.by == OURS}
    assert list(ours) == list(zoo.models())
    for entry in ours.values():
        assert entry.times.ratio <= 1
        assert entry.nodes < entry.plain_nodes
        assert entry.bytes == (zoo.FILES / f"{entry.model}.float32.onnx").stat().st_size


def test_every_network_was_measured_everywhere():
    names = list(zoo.models())
    assert [row.model for row in read_tflm_results()] == names
    assert list(dict.fromkeys(entry.model for entry in read_record())) == names
    assert list(dict.fromkeys(entry.model for entry in read_choices())) == names
    study = read_study()
    assert {file.method for file in study.files} == {"min-max", "percentile", "entropy"}
    assert {file.seed for file in study.files} == {0, 1, 2}
