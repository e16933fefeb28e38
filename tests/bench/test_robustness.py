"""Damaged, drawn and out-of-distribution pictures: alike at every call, as strong as said, and measured as it happened."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from bench.robustness.command import real_pictures
from bench.robustness.corruptions import CORRUPTIONS, STRENGTHS, corrupted
from bench.robustness.drawn_pictures import KINDS
from bench.robustness.measure import confidence_of, digit_of, on_corrupted, on_drawn, on_out_of_distribution
from bench.robustness.out_of_distribution import LETTERS, OUT_OF_DISTRIBUTION
from bench.robustness.real_pictures import NONE, in_all, labelled, mean_share, read_all
from bench.robustness.unseen_pictures import UNSEEN
from digit_infer import Predictor
from digit_infer.errors import UsageError


@pytest.fixture(scope="module")
def some(mnist_test):
    return mnist_test.images[:200]


@pytest.fixture(scope="module")
def predictor():
    with Predictor("softmax_regression") as predictor:
        yield predictor


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_damage_grows_with_its_strength_and_is_the_same_at_every_call(some, kind):
    damaged = [corrupted(some, kind, strength) for strength in range(len(STRENGTHS))]
    for strength, images in enumerate(damaged):
        assert images.shape == some.shape
        assert images.dtype == np.uint8
        np.testing.assert_array_equal(images, corrupted(some, kind, strength))
    away = [np.abs(images.astype(float) - some).mean() for images in damaged]
    assert 0 < away[0] < away[1] < away[2]


def test_known_damage(some):
    assert (corrupted(some, "brightness", 1) == np.minimum(some.astype(int) + 80, 255)).all()
    hidden = (some > 0) & (corrupted(some, "occlusion", 0) == 0)
    for image_hidden in hidden[hidden.any(axis=(1, 2))]:
        rows, columns = np.nonzero(image_hidden)
        assert max(np.ptp(rows), np.ptp(columns)) < 5
    turned = corrupted(some, "rotation", 2)
    assert turned.sum() == pytest.approx(some.sum(), rel=0.05)


@pytest.mark.parametrize("kind", KINDS)
def test_drawn_pictures_show_their_digit_to_a_good_network(mnist_test, kind):
    draw = np.random.default_rng(1)
    with Predictor("lenet5_v2") as good:
        right = [
            good.predict(KINDS[kind](digit, draw)).digit == label
            for digit, label in zip(mnist_test.images[:60], mnist_test.labels[:60], strict=True)
        ]
    assert np.mean(right) >= 0.88, "the digit was lost on the way"


@pytest.mark.parametrize("kind", OUT_OF_DISTRIBUTION)
def test_out_of_distribution_pictures_differ(kind, predictor):
    draw = np.random.default_rng(2)
    pictures = [OUT_OF_DISTRIBUTION[kind](draw) for _ in range(5)]
    assert len({picture.tobytes() for picture in pictures}) == 5
    if kind == "blank":
        assert all(digit_of(predictor.predict(picture)) == -1 for picture in pictures)


def test_no_letter_out_of_distribution_is_one_that_hands_make_like_a_digit():
    assert not set(LETTERS) & set("OoIilSsZzBbDgqG0123456789")


def test_measures_are_of_what_was_answered(mnist_test, predictor):
    measured, weak_error = on_corrupted({"softmax_regression": predictor})["softmax_regression"]
    right = predictor.predict_array(mnist_test.images).argmax(axis=1) == mnist_test.labels
    assert measured.clean == right.mean()
    blurred = predictor.predict_array(corrupted(mnist_test.images, "blur", 2)).argmax(axis=1) == mnist_test.labels
    assert measured.by_kind["blur"][2] == blurred.mean()
    assert measured.mean == pytest.approx(np.mean([value for values in measured.by_kind.values() for value in values]))
    assert 0 < weak_error < 0.2


def test_rejection_keeps_the_digits_that_it_says(mnist_test, predictor):
    rejected = on_out_of_distribution({"it": predictor}, 30)["it"]
    assert rejected.by_kept["0.95"]["blank"] >= 0.9
    for kind in OUT_OF_DISTRIBUTION:
        assert rejected.by_kept["0.95"][kind] >= rejected.by_kept["0.99"][kind] >= rejected.of_default[kind] - 1e-9
    assert rejected.kept_by_default == 1.0  # a published network rejects nothing
    drawn = on_drawn({"it": predictor}, 20, 20)["it"]
    assert set(drawn.by_kind) == set(KINDS)
    assert set(drawn.unseen) == set(UNSEEN)
    assert 0.5 < drawn.agreeing <= 1


def test_what_shows_several_digits_or_no_ink_has_no_confidence(predictor, mnist_test):
    sheet = np.full((280, 420), 235, np.uint8)
    for left, digit in ((20, mnist_test.images[4]), (220, mnist_test.images[6])):
        large = np.asarray(Image.fromarray(digit).resize((168, 168)))
        sheet[56:224, left : left + 168][large > 127] = 30
    with Predictor() as ours:
        two = ours.predict(sheet)
        one = ours.predict(sheet[:, :210])
    assert two.several
    assert (digit_of(two), confidence_of(two)) == (-1, -1)
    assert (digit_of(one), confidence_of(one)) == (mnist_test.labels[4], one.confidence)


def test_a_folder_of_labelled_pictures(tmp_path, mnist_test, predictor):
    for name in ("single", "multi"):
        (tmp_path / name).mkdir()
    rows = []
    for number in range(6):
        Image.fromarray(mnist_test.images[number]).save(tmp_path / "single" / f"{number}.png")
        rows.append((f"single/{number}.png", str(mnist_test.labels[number]), "scan" if number % 2 else "draw"))
    (tmp_path / "single" / "bad.png").write_bytes(b"")
    rows.append(("single/bad.png", "3", "scan"))
    _write_labels(tmp_path, ("file", "label", "kind"), rows)
    read = read_all(predictor, labelled(tmp_path))
    assert {kind: found.pictures for kind, found in read.predict.items()} == {"draw": 3, "scan": 4}
    rows = predictor.predict_array(mnist_test.images[:6])
    right = rows.argmax(axis=1) == mnist_test.labels[:6]
    assert in_all(read.predict).right == right.sum()
    assert read.keeps_99 == pytest.approx(np.quantile(rows.max(axis=1)[right], 0.01))
    assert ("bad.png", "3", "UnreadablePictureError") in read.wrong
    assert read.read == {}
    with pytest.raises(UsageError, match=r"labels\.csv"):
        labelled(tmp_path / "single")


def test_a_folder_that_says_what_to_ask(tmp_path, mnist_test):
    sheet = np.full((120, 300), 255, np.uint8)
    for number in range(2):
        sheet[40:68, 60 + 80 * number : 88 + 80 * number] = 255 - mnist_test.images[number]
    blank = np.full((100, 100), 240, np.uint8)
    for name, pixels in (("two", sheet), ("seven", 255 - mnist_test.images[0]), ("blank", blank)):
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    rows = [
        ("two.png", "72", "pages", "read"),
        ("blank.png", "", "empty", "read"),
        ("two.png", "none", "two", "predict"),
        ("blank.png", "none", "empty", "predict"),
        ("seven.png", "7", "one", "predict"),
        ("seven.png", "none", "one", "predict"),
    ]
    _write_labels(tmp_path, ("file", "label", "kind", "ask"), rows)
    pictures = labelled(tmp_path)
    assert [picture.is_digit for picture in pictures] == [False, False, False, False, True, False]
    with Predictor() as ours:
        read = read_all(ours, pictures)
    assert {kind: found.right for kind, found in read.read.items()} == {"pages": 1, "empty": 1}
    assert {kind: (found.right, found.pictures) for kind, found in read.predict.items()} == {
        "empty": (1, 1),
        "one": (1, 2),
        "two": (1, 1),
    }
    assert mean_share(read.predict) == pytest.approx((1 + 0.5 + 1) / 3)
    nothing = read.no_digits
    assert (nothing.pictures, nothing.rejected) == (3, 2)
    assert nothing.confidence[:2] == (-1, -1), "what is several or blank is rejected at any confidence"
    assert (nothing.rejected_below(0), nothing.rejected_below(1.1)) == (2, 3)
    assert read.wrong == (("seven.png", NONE, "7"),)


def test_labels_of_things_that_are_no_digits(tmp_path):
    rows = [("x.png", "letter_X", "0"), ("theta.png", "greek_theta", "1")]
    _write_labels(tmp_path, ("file", "label", "confusable"), rows)
    assert [(one.label, one.kind, one.ask) for one in labelled(tmp_path)] == [
        (NONE, "no digit", "predict"),
        (NONE, "like a digit", "predict"),
    ]


def test_the_command_records_folders_side_by_side_and_no_pictures(tmp_path, mnist_test, monkeypatch):
    from click.testing import CliRunner

    record = tmp_path / "record.json"
    monkeypatch.setattr("bench.robustness.command.REAL_PICTURES", record)
    for folder, label in (("digits", "7"), ("others", "none")):
        (tmp_path / folder).mkdir()
        Image.fromarray(mnist_test.images[0]).save(tmp_path / folder / "a.png")
        _write_labels(tmp_path / folder, ("file", "label", "kind"), [("a.png", label, "scan")])
        words = [str(tmp_path / folder), "--model", "lenet5_v2"]
        assert CliRunner().invoke(real_pictures, words, catch_exceptions=False).exit_code == 0
    folders = json.loads(record.read_text())["folders"]
    assert list(folders) == ["digits", "others"]
    scan = folders["digits"]["models"]["lenet5_v2"]["predict"]["scan"]
    assert scan == {"pictures": 1, "right": 1, "right_and_kept": 1}
    assert folders["others"]["models"]["lenet5_v2"]["rejected_at_99"] is None, "no digits were named"
    words = [str(tmp_path / "others"), str(tmp_path / "digits"), "--model", "lenet5_v2"]
    done = CliRunner().invoke(real_pictures, words, catch_exceptions=False)
    assert "mean over kinds" in done.output
    found = json.loads(record.read_text())["folders"]["others"]["models"]["lenet5_v2"]["rejected_at_99"]
    assert found["rejected"] == 0, "the same picture is as sure as the digit that sets the measure"
    done = CliRunner().invoke(real_pictures, [*words[:2], "--model", "softmax_regression"], catch_exceptions=False)
    digits = json.loads(record.read_text())["folders"]["digits"]
    assert list(digits["models"]) == list(digits["later"]) == ["lenet5_v2", "softmax_regression"]


def _write_labels(folder, columns, rows):
    with (folder / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
