import json
from dataclasses import asdict, replace

import onnx
import pytest

from digit_infer import zoo
from export import everything
from export.again import verdict
from export.calibration import CALIBRATED, of_training_images
from export.everything import make_all, record, recorded, reports_in
from export.inputs import fingerprint
from export.making import stored
from export.metadata import metadata
from export.pairs import ALL
from export.published import enter_into_zoo, zoo_model
from export.report import path_of
from export.source import load_source

NAME = "softmax_regression"


FLOATS = tuple(pair for pair in ALL if pair[1] not in CALIBRATED)
"""What is made without training images, which no test downloads."""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("everything")
    assert list(make_all([NAME], FLOATS, folder, 2)) == [(NAME, None)]
    return folder


def bytes_in(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_files_of_a_network_come_out_as_the_zoo_lists_them(made, locked):
    """The same bytes as when the manifest was written, by another process; of other versions the same answers will do."""
    model = zoo.model_named(NAME)
    listed = {file.file: file for file in (*model.files, *model.exports)}
    kept = [report for report in recorded()[NAME] if report.file.precision not in CALIBRATED]
    for before, now in zip(kept, reports_in(made, NAME, FLOATS), strict=True):
        assert before.file == listed[now.file.file]
        assert verdict(before, now) in (("the same",) if locked else ("the same", "other bytes, the same answers"))
        proof = replace(now.file.parity, runtime=before.file.parity.runtime)  # which names a version
        assert now.file.parity.runtime.split()[:2] == proof.runtime.split()[:2]
        layout = {} if locked else {"sha256": before.file.sha256, "bytes": before.file.bytes}
        agreements = now.agreements[: len(before.agreements)]
        added = [agreement.runtime for agreement in now.agreements[len(before.agreements) :]]
        assert added in ([], ["onnx-cpu, 1,000 images in a call"])  # which the record is older than
        document = replace(now, inputs="", agreements=agreements, file=replace(now.file, parity=proof, **layout))
        assert alike(asdict(before), asdict(document))


def test_dynamic_quantization_multiplies_integers_where_images_do_not_change_one_another(made):
    graph = onnx.load(made / f"{NAME}.int8-dynamic.onnx").graph
    assert "MatMulInteger" in [node.op_type for node in graph.node]


def alike(one, other):
    """Say whether two documents are the same but for the last digits of differences: CPUs add up in their own orders."""
    if isinstance(one, float):
        return one == pytest.approx(other, rel=0.5, abs=1e-5)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(alike(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    return one == other


def test_a_second_run_makes_nothing_and_changes_no_byte(made):
    before = bytes_in(made)
    times = {path.name: path.stat().st_mtime_ns for path in made.iterdir()}
    assert list(make_all([NAME], FLOATS, made, 1)) == [(NAME, None)]
    assert bytes_in(made) == before
    assert {path.name: path.stat().st_mtime_ns for path in made.iterdir()} == times


def test_records_and_manifest_are_not_written_when_they_say_the_same(tmp_path, monkeypatch):
    reports = recorded()[NAME]
    monkeypatch.setattr(everything, "RESULTS", tmp_path)
    record(NAME, reports)
    (path,) = tmp_path.iterdir()
    first = path.stat().st_mtime_ns
    record(NAME, reports)
    assert path.stat().st_mtime_ns == first
    manifest = zoo.MANIFEST.stat().st_mtime_ns
    assert enter_into_zoo(reports, zoo.FILES) == zoo_model(NAME, reports) == zoo.model_named(NAME)
    assert zoo.MANIFEST.stat().st_mtime_ns == manifest


def test_a_network_that_fails_says_why(tmp_path):
    ((name, failure),) = make_all(["nosuch"], FLOATS, tmp_path, 1)
    assert name == "nosuch"
    assert "there is no file nosuch" in failure


def test_the_fingerprint_follows_checkpoint_calibration_and_precision(made):
    origin, usual = load_source(NAME), of_training_images()
    about = [
        metadata(origin, "onnx", "int8", usual),
        metadata(origin, "onnx", "int8", of_training_images(seed=1)),
        metadata(origin, "onnx", "int8", of_training_images(method="entropy")),
        metadata(origin, "tflite", "int8", usual),
        metadata(origin, "onnx", "float32", usual),
    ]
    prints = [fingerprint(entry) for entry in about]
    assert len(set(prints)) == len(prints)
    assert metadata(origin, "onnx", "float32", usual) == metadata(origin, "onnx", "float32", of_training_images(seed=1))
    document = json.loads(path_of(made, f"{NAME}.float32.onnx").read_text(encoding="utf-8"))
    assert document["inputs"] == prints[-1]
    assert stored(NAME, "onnx", "float32", made, prints[-1]) is not None
    assert stored(NAME, "onnx", "float32", made, prints[0]) is None
