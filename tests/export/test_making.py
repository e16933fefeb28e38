import json

import numpy as np
import pytest

from digit_infer.runtimes.model_file import sha256_of
from export.errors import ExportError
from export.making import make
from export.noise import moved, with_a_wrong_pixel
from export.report import Refusal, Report, path_of, read_report, text_of

PAIRS = (("onnx", "float32"), ("onnx", "int8"), ("tflite", "float32"))


@pytest.fixture(scope="module")
def made(small_exporter, tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    reports = run(small_exporter, folder)
    return folder, reports


def run(exporter, folder, *, resume=False, load=None):
    load = load or (lambda: exporter)
    return list(make(exporter.source, exporter.calibration, load, PAIRS, folder, resume=resume))


def never():
    raise AssertionError("all is there already")


def bytes_in(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_every_file_has_its_report(made):
    folder, reports = made
    assert [report.file.file for report in reports] == [f"mine.{precision}.{suffix}" for suffix, precision in PAIRS]
    for report in reports:
        assert read_report(path_of(folder, report.file.file)) == report
        assert sha256_of(folder / report.file.file) == report.file.sha256
        assert (folder / f"{report.file.file}.flips.png").exists() == bool(report.file.parity.flips)


def test_a_report_says_how_the_file_bears_noise_and_other_kernels(made, small_exporter, mnist_test):
    _, (float32, int8, tflite) = made
    assert float32.noise.images == 1000
    assert vars(float32.noise) == pytest.approx(vars(float32.noise_of_trained), abs=1e-6)
    assert float32.noise.mean_change > 0
    assert [other.runtime for other in float32.agreements] == ["ONNX Runtime, graph as written"]
    assert [other.images for other in tflite.agreements] == [10_000]
    assert tflite.agreements[0].largest_difference < 1e-4
    assert (int8.calibration, float32.calibration) == ("min-max over 200 test images", "")
    assert (int8.quantized, float32.quantized) == ("all but thin convolutions", "")


def test_what_is_there_is_not_made_again(made, small_exporter):
    folder, reports = made
    before = bytes_in(folder)
    assert run(small_exporter, folder, resume=True, load=never) == reports
    assert bytes_in(folder) == before


@pytest.mark.parametrize("harm", ["alter the file", "remove the file", "halve the report", "age the report"])
def test_what_is_not_there_whole_is_made_again(made, small_exporter, harm):
    folder, reports = made
    before = bytes_in(folder)
    file = folder / reports[1].file.file
    report = path_of(folder, file.name)
    if harm == "alter the file":
        file.write_bytes(file.read_bytes()[:-1] + b"\0\0")
    elif harm == "remove the file":
        file.unlink()
    elif harm == "halve the report":
        report.write_text(report.read_text()[:100])
    else:
        report.write_text(json.dumps({**json.loads(report.read_text()), "inputs": "of another checkpoint"}))
    assert run(small_exporter, folder, resume=True) == reports
    assert bytes_in(folder) == before


def test_a_file_that_is_refused_has_its_reason_and_leaves_nothing_old(small_exporter, tmp_path, monkeypatch):
    from export.errors import ParityError

    def refuses(*_):
        raise ParityError("it is not written: 4 answers changed", "look into it")

    (tmp_path / "mine.int8.onnx").write_bytes(b"of an earlier export")
    proven = small_exporter.proven
    monkeypatch.setattr(small_exporter, "proven", lambda *pair: (refuses if "int8" in pair else proven)(*pair))
    first, second, third = run(small_exporter, tmp_path)
    assert (type(first), type(second), type(third)) == (Report, Refusal, Report)
    assert "4 answers changed" in second.reason
    assert read_report(path_of(tmp_path, "mine.int8.onnx")) == second
    assert not (tmp_path / "mine.int8.onnx").exists()
    assert run(small_exporter, tmp_path, resume=True, load=never) == [first, second, third]


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"schema": 1, "kind": "proven"}', '{"schema": 2, "kind": "refused"}'])
def test_what_is_no_report_is_told(tmp_path, content):
    path = tmp_path / "x.parity.json"
    path.write_text(content)
    with pytest.raises(ExportError, match="does not hold what it should"):
        read_report(path)


def test_reports_survive_being_written(made):
    for report in made[1]:
        assert json.loads(text_of(report))["schema"] == 2


def test_one_pixel_of_each_image_is_wrong_and_always_the_same_one(mnist_test):
    images = mnist_test.images[:500]
    noisy = with_a_wrong_pixel(images)
    changed = (noisy != images).sum(axis=(1, 2))
    assert changed.max() == 1
    assert changed.mean() > 0.9, "a random byte is seldom the one that was there"
    np.testing.assert_array_equal(noisy, with_a_wrong_pixel(images))


def test_what_noise_moves_is_counted():
    clean = np.full((4, 10), 0.1, np.float32)
    noisy = clean.copy()
    noisy[0, 3] += 0.2
    noise = moved(clean, noisy)
    assert (noise.images, noise.changed_answers) == (4, 1)
    assert noise.largest_change == pytest.approx(0.2)
    assert noise.mean_change == pytest.approx(0.05)
