"""``Predictor.predict`` beside what a user would write or install: what is measured, and what the page says of it."""

import json

import pytest

from bench.normalizers import answers
from bench.normalizers.answers import only_digit
from bench.normalizers.measure import answer, draw
from bench.normalizers.recipes import OURS, RECIPES
from bench.normalizers.see import see
from bench.normalizers.weight import brought_by, installed_bytes
from bench.peers.environments import ENVIRONMENTS, Environment
from bench.robustness.drawn_pictures import KINDS
from bench.robustness.unseen_pictures import UNSEEN
from digit_infer import Predictor
from digit_infer.errors import MeasurementError


def test_ours_answers_as_predict_does(examples, example_digits, tmp_path):
    paths = sorted(examples.glob("*.png"))
    listed = tmp_path / "pictures.txt"
    listed.write_text("\n".join(map(str, paths)), encoding="utf-8")
    see("ours", "digitnet", listed, tmp_path / "seen.json")
    seen = json.loads((tmp_path / "seen.json").read_text())
    with Predictor() as predictor:
        expected = [predictor.predict(path) for path in paths]
    assert seen["answers"] == [-1 if one.several or not one.image.any() else one.digit for one in expected]
    assert all(us >= 0 for us in seen["us"])
    assert sum(seen["us"]) > 0


@pytest.mark.parametrize(("text", "digit"), [("7", 7), (" 7.\n", 7), ("77", -1), ("", -1), ("T", -1), ("o1", 1)])
def test_the_only_digit_of_a_text(text, digit):
    assert only_digit(text) == digit


def test_pictures_are_drawn_with_their_labels(tmp_path, mnist_test):
    for unseen, kinds in ((False, KINDS), (True, UNSEEN)):
        pictures = draw(tmp_path, 2, unseen=unseen)
        assert len(pictures.paths) == len(set(pictures.paths)) == 2 * len(kinds)
        assert pictures.labels[:2] == tuple(mnist_test.labels[:2])
        assert list(dict.fromkeys(pictures.kinds)) == list(kinds)


def test_every_recipe_runs_in_an_environment_and_says_what_is_missing_before_any_works(tmp_path, monkeypatch):
    assert {recipe.environment for recipe in RECIPES.values()} <= set(ENVIRONMENTS)
    assert all(callable(getattr(answers, name)) for name in RECIPES)
    pictures = draw(tmp_path, 1)
    missing = {name: Environment(name, tmp_path / "nothing") for name in ENVIRONMENTS}
    monkeypatch.setattr("bench.normalizers.measure.ENVIRONMENTS", missing)
    done = []
    with pytest.raises(MeasurementError, match=f"python -m bench peers install {OURS.environment}"):
        answer(pictures, "softmax_regression", done.append)
    assert done == []


def test_an_environment_says_which_program_of_the_system_it_needs(tmp_path):
    needy = Environment("tesseract", tmp_path, needs=("no-such-program", "tesseract-ocr"))
    with pytest.raises(MeasurementError, match=r"no-such-program, which is not on the PATH.*apt-get install tesseract-ocr"):
        needy.program("python")
    assert ENVIRONMENTS["tesseract"].needs == ("tesseract", "tesseract-ocr")


@pytest.mark.parametrize("name", ["rapidocr", "tesseract", "opencv_otsu"])
def test_what_a_user_would_pick_answers_a_clean_digit(name, examples, tmp_path):
    environment = ENVIRONMENTS[RECIPES[name].environment]
    if not environment.folder.exists():
        pytest.skip(f"python -m bench peers install {environment.name}")
    listed, out = tmp_path / "pictures.txt", tmp_path / "answers.json"
    listed.write_text(str(examples / "seven.png"), encoding="utf-8")
    environment.output_of("python", "-m", "bench.normalizers.see", name, "lenet5_v2", str(listed), str(out))
    found = json.loads(out.read_text())
    assert found["answers"][0] in (7, -1)
    assert found["us"][0] > 0


def test_what_a_package_brings_is_what_it_needs_and_we_do_not():
    ours = brought_by("digit-infer")
    assert {"numpy", "pillow", "rich"} <= ours
    assert not {"onnxruntime", "pytest"} & ours, "those are extras"
    assert "numpy" in brought_by("onnx")
    assert installed_bytes("numpy") == 0
    assert installed_bytes("onnx") > 1_000_000
