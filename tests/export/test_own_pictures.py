"""Pictures of the user's own: read as ``predict`` reads them, calibrated on, and proven on."""

import json
import shutil

import numpy as np
import pytest

from digit_infer import Predictor
from digit_infer.errors import PictureNotFoundError, UnreadablePictureError
from export.calibration import reaching_full_ink
from export.errors import ParityError
from export.own_pictures import prove_on_own, read_pictures
from export.pipeline import Exporter
from export.source import load_source

from .test_command import command


def test_pictures_are_read_as_predict_reads_them(folder, mnist_test):
    own = read_pictures(folder)
    assert len(own.images) == 30
    assert own.notes == ()
    predictor = Predictor()
    for name, seen, label in zip(own.names, own.images, own.labels, strict=True):
        np.testing.assert_array_equal(seen, predictor.predict(folder / name).image)
        assert label == mnist_test.labels[int(name.partition("/")[2].removesuffix(".png"))] == int(name[0])


def test_each_unreadable_picture_is_told_and_skipped(bad_pictures, folder, tmp_path):
    for name in ("text", "empty"):
        shutil.copy(bad_pictures[name], tmp_path / f"{name}.png")
    shutil.copytree(folder / "7", tmp_path / "7")
    own = read_pictures(tmp_path)
    assert own.labels is not None
    assert len(own.images) == len(list((folder / "7").iterdir()))
    assert [note.partition(" is ")[0] for note in own.notes[:2]] == [
        f"skipped: {tmp_path / name}.png" for name in ("empty", "text")
    ]
    (few,) = own.notes[2:]
    assert few.startswith(f"warning: {len(own.images)} pictures in {tmp_path} are few")


def test_pictures_outside_of_the_ten_folders_leave_all_without_labels(folder, tmp_path, examples):
    shutil.copytree(folder, tmp_path / "all")
    shutil.copy(examples / "seven.png", tmp_path / "all" / "seven.png")
    own = read_pictures(tmp_path / "all")
    assert own.labels is None
    assert own.notes == (f"note: 1 of 31 pictures lie outside of {tmp_path / 'all'}/0 … 9, so none counts as labelled",)


def test_folders_without_a_picture_to_read(bad_pictures, tmp_path):
    with pytest.raises(PictureNotFoundError, match="there is no folder"):
        read_pictures(tmp_path / "nosuch")
    (tmp_path / "empty").mkdir()
    with pytest.raises(PictureNotFoundError, match="holds no picture"):
        read_pictures(tmp_path / "empty")
    with pytest.raises(
        UnreadablePictureError, match=r"no picture in .* can be read \(the first: .*blank\.png: there is no ink"
    ):
        read_pictures(bad_pictures["blank"].parent)


def test_ranges_are_those_of_bytes(mnist_test):
    faint = mnist_test.images[:5] // 2
    raised = reaching_full_ink(faint)
    assert (faint.max(), raised.max()) == (127, 255)
    assert sum(not np.array_equal(*pair) for pair in zip(faint, raised, strict=True)) == 1
    full = mnist_test.images[:50]
    assert reaching_full_ink(full) is full


def test_files_are_calibrated_and_proven_on_them(folder, small_file, tmp_path):
    own = read_pictures(folder)
    calibration = own.calibration(500, 0, "min-max")
    np.testing.assert_array_equal(calibration.images(), own.images)
    assert str(calibration) == f"min-max over 30 of 30 pictures in {folder}, seed 0"
    exporter = Exporter(load_source(str(small_file)), calibration, own)
    for model_format, precision in (("onnx", "float32"), ("tflite", "int8")):
        file = exporter.proven(model_format, precision, tmp_path)
        proven = exporter.report(file, tmp_path, "").own_pictures
        assert (proven.pictures, proven.accuracy.images, proven.trained_accuracy.images) == (30, 30, 30)
        assert proven.accuracy.correct >= proven.trained_accuracy.correct - 1
        assert proven.largest_difference <= (1e-4 if precision == "float32" else 0.5)


def answers(digits, confidence=0.91):
    probabilities = np.full((len(digits), 10), (1 - confidence) / 9, np.float32)
    probabilities[np.arange(len(digits)), digits] = confidence
    return probabilities


def test_bounds_hold_on_own_pictures_and_flips_have_names(folder):
    own = read_pictures(folder)
    reference = answers(own.labels)
    assert prove_on_own("it", "float32", reference, reference, own, "test").flips == ()
    digits = own.labels.copy()
    digits[4] = (digits[4] + 1) % 10
    with pytest.raises(ParityError, match=rf"it is not written: .* \(on the pictures of .*; changed: {own.names[4]}\)"):
        prove_on_own("it", "float32", reference, answers(digits), own, "test")
    one = prove_on_own("it", "int8", reference, answers(digits), own, "test")
    assert one.flips == (own.names[4],)
    assert (one.accuracy.correct, one.trained_accuracy.correct) == (29, 30)
    digits[5] = (digits[5] + 1) % 10
    with pytest.raises(ParityError, match=r"accuracy falls by 6\.67 percentage points"):
        prove_on_own("it", "int8", reference, answers(digits), own, "test")


def test_the_command_says_what_it_found_in_the_folder(folder, small_file, tmp_path, bad_pictures):
    pictures = tmp_path / "pictures"
    shutil.copytree(folder, pictures)
    shutil.copy(bad_pictures["text"], pictures / "3" / "text.png")
    out = tmp_path / "out"
    words = [small_file, "--calibrate", pictures, "--format", "onnx", "--precision", "all", "--out", out]
    code, table, err = command(*words)
    assert code == 0
    assert err.startswith(f"skipped: {pictures}/3/text.png is no picture that can be read; give a PNG, ")
    assert err.count("\n") == 1
    assert "on your own pictures" in table
    document = json.loads((out / "mine.int8.onnx.parity.json").read_text(encoding="utf-8"))
    assert document["own_pictures"]["pictures"] == 30
    assert document["file"]["parity"]["accuracy"]["images"] == 10_000
    code, out_text, err = command("softmax_regression", "--zoo", "--calibrate", pictures)
    assert (code, out_text) == (2, "")
    assert err.startswith("error: the zoo takes every form, with ranges from training images")
