"""Damage, drawn pictures and strangers: the same at every call, as strong as said, and measured as it happened."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from bench.robustness.command import real_pictures
from bench.robustness.corruptions import CORRUPTIONS, STRENGTHS, corrupted
from bench.robustness.drawn_pictures import KINDS
from bench.robustness.measure import on_corrupted, on_drawn, on_strangers
from bench.robustness.real_pictures import labelled, read_all
from bench.robustness.strangers import LETTERS, STRANGERS
from digit_infer import Predictor, image
from digit_infer.errors import PictureError, UsageError


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
    assert np.mean(right) >= 0.88, "the normaliser lost the digit"


@pytest.mark.parametrize("kind", STRANGERS)
def test_strangers_are_pictures_and_differ(kind):
    draw = np.random.default_rng(2)
    pictures = [STRANGERS[kind](draw) for _ in range(5)]
    assert len({picture.tobytes() for picture in pictures}) == 5
    if kind == "blank":
        for picture in pictures:
            with pytest.raises(PictureError, match="no ink"):
                image.normalize(image.decode(picture))


def test_no_letter_among_strangers_is_one_that_hands_make_like_a_digit():
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
    rejected = on_strangers({"it": predictor}, 30)["it"]
    assert rejected.by_kept["0.95"]["blank"] == 1
    for kind in STRANGERS:
        assert rejected.by_kept["0.95"][kind] >= rejected.by_kept["0.99"][kind] >= rejected.of_default[kind] - 1e-9 or (
            kind == "blank"
        )
    assert rejected.kept_by_default == 1.0  # a published network rejects nothing
    drawn = on_drawn({"it": predictor}, 20, 20)["it"]
    assert set(drawn.by_kind) == set(KINDS)
    assert 0.5 < drawn.agreeing <= 1


def test_a_folder_of_labelled_pictures(tmp_path, mnist_test, predictor):
    for name in ("single", "multi"):
        (tmp_path / name).mkdir()
    rows = []
    for number in range(6):
        Image.fromarray(mnist_test.images[number]).save(tmp_path / "single" / f"{number}.png")
        rows.append((f"single/{number}.png", str(mnist_test.labels[number]), "scan" if number % 2 else "draw"))
    (tmp_path / "single" / "bad.png").write_bytes(b"")
    rows.append(("single/bad.png", "3", "scan"))
    with (tmp_path / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file", "label", "kind"), *rows])
    read = read_all(predictor, labelled(tmp_path))
    assert {kind: found.pictures for kind, found in read.single.items()} == {"draw": 3, "scan": 4}
    answers = predictor.predict_array(mnist_test.images[:6]).argmax(axis=1)
    assert sum(found.right for found in read.single.values()) == (answers == mnist_test.labels[:6]).sum()
    assert ("bad.png", "3", "UnreadablePictureError") in read.wrong
    with pytest.raises(UsageError, match=r"labels\.csv"):
        labelled(tmp_path / "single")


def test_the_command_records_counts_and_no_pictures(tmp_path, mnist_test, monkeypatch):
    from click.testing import CliRunner

    (tmp_path / "single").mkdir()
    Image.fromarray(mnist_test.images[0]).save(tmp_path / "single" / "a.png")
    (tmp_path / "labels.csv").write_text("file,label,kind\nsingle/a.png,7,scan\n")
    record = tmp_path / "record.json"
    monkeypatch.setattr("bench.robustness.command.REAL_PICTURES", record)
    done = CliRunner().invoke(real_pictures, [str(tmp_path), "--model", "lenet5_v2"], catch_exceptions=False)
    assert done.exit_code == 0
    document = json.loads(record.read_text())
    assert document["models"]["lenet5_v2"]["single"]["scan"] == {"pictures": 1, "right": 1, "right_and_kept": 1}
