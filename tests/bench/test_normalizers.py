"""``Predictor.predict`` beside what a user would write or install: what is measured, and what the page says of it."""

import json
from pathlib import Path

import pytest

from bench.document.normalizers import RULES, normalizers_page, page
from bench.document.picture_path import draw_picture_path, explanations
from bench.normalizers.command import RECORD
from bench.normalizers.measure import answer, draw, draw_unseen
from bench.normalizers.recipes import OURS, RECIPES, only_digit
from bench.normalizers.see import see
from bench.normalizers.weight import brought_by, installed_bytes
from bench.peers.environments import ENVIRONMENTS, Environment
from bench.picture_path import CASES, STAGES
from bench.recording import SCHEMA
from bench.robustness.drawn_pictures import KINDS
from bench.robustness.unseen_pictures import UNSEEN
from digit_infer import Predictor
from digit_infer.errors import MeasurementError

DOCS = Path(__file__).parents[2] / "docs"
PAIRS = {"difference_us": 9_000.0, "difference_low_us": 8_000.0, "difference_high_us": 10_000.0}


def test_the_page_is_what_the_records_say():
    assert RECORD.exists()
    assert (DOCS / "normalizer.md").read_text(encoding="utf-8") == normalizers_page(), "run python -m bench.document"


def _entries(**right):
    return {
        name: {
            "written": recipe.written,
            "package": recipe.package,
            "right": {kind: count if name == "ours" else 0 for kind, count in right.items()},
            "pictures": dict.fromkeys(right, 8),
            "median_us": 1_234.0,
        }
        for name, recipe in RECIPES.items()
    }


def test_the_page_tells_figures_of_the_records_alone():
    kind = {"pictures": 4, "right": 3, "right_and_kept": 3}
    model = {
        "predict": {"scan": kind, "box": {"pictures": 4, "right": 2, "right_and_kept": 2}},
        "read": {},
        "no_digits": {"pictures": 7, "rejected": 5, "confidence": []},
        "rejected_at_99": {"below": 0.123, "rejected": 6},
    }
    stored = {
        "model": "digitnet",
        "drawn": _entries(lined=6),
        "unseen": _entries(mouse=5),
        "real": {"a_folder": _entries(scan=7)},
        "libraries": {"rapidocr": {"installed_bytes": 321_000_000, "imported": PAIRS}},
    }
    pairs = {"first_us": 300.0, "second_us": 510.0, "ratio": 1.7, "ratio_low": 1.6, "ratio_high": 1.75}
    times = {
        "results": dict.fromkeys(CASES, pairs),
        "stages_us": {name: {STAGES[0]: 222.0} for name in CASES},
        "cases": {name: {"most": case.most} for name, case in CASES.items()},
    }
    rules = json.loads(RULES.read_text(encoding="utf-8"))
    written = page(stored, rules, {"folders": {"a_folder": {"models": {"digitnet": model}}}}, times)
    for told in (
        "| lined | 75.0 % | 0.0 % |",
        "| mouse | 62.5 % |",
        "| **all kinds that training never imitates** | **62.5 %** |",
        "| a_folder, scan | 87.5 % |",
        "| a_folder | predict | 2 | 5 of 8 | 62.5 % | box, 50.0 % |",
        "5 are rejected as installed, and 6 where 99 %",
        "1.70 (1.60 to 1.75)",
        "| ms to import | 9 (8 to 10) |",
    ):
        assert told in " ".join(written.split(" ")), told
    lined = rules["drawn"]["ours"]["right"]["lined"] / rules["drawn"]["ours"]["pictures"]["lined"]
    assert f"| {100 * lined:.1f} % |\n" in written, "the rules of before stand in the last column"


def test_what_the_rules_came_to_stays_as_it_was_recorded():
    rules = json.loads(RULES.read_text(encoding="utf-8"))
    assert rules["schema"] == SCHEMA == 1
    assert rules["drawn"]["ours"]["written"] == "`digit_infer.image.normalize`"
    assert sum(rules["real"]["ours"]["pictures"].values()) == 524


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
    for drawing, kinds in ((draw, KINDS), (draw_unseen, UNSEEN)):
        pictures = drawing(tmp_path, 2)
        assert len(pictures.paths) == len(set(pictures.paths)) == 2 * len(kinds)
        assert pictures.labels[:2] == tuple(mnist_test.labels[:2])
        assert list(dict.fromkeys(pictures.kinds)) == list(kinds)


def test_every_recipe_runs_in_an_environment_and_says_what_is_missing_before_any_works(tmp_path, monkeypatch):
    assert {recipe.environment for recipe in RECIPES.values()} <= set(ENVIRONMENTS)
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


def test_the_picture_of_the_path_shows_who_looked(tmp_path):
    answers = [explained.prediction for explained in explanations()]
    assert [answer.look for answer in answers[:3]] == ["plain", "network", "network"]
    assert [answer.digit for answer in answers[:3]] == [7, 2, 1]
    assert [answer.several for answer in answers] == [False, False, False, True]
    for name in ("one.png", "two.png"):
        draw_picture_path(tmp_path / name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    assert (tmp_path / "one.png").stat().st_size < 100_000


def test_what_a_package_brings_is_what_it_needs_and_we_do_not():
    ours = brought_by("digit-infer")
    assert {"numpy", "pillow", "rich"} <= ours
    assert not {"onnxruntime", "pytest"} & ours, "those are extras"
    assert "numpy" in brought_by("onnx")
    assert installed_bytes("numpy") == 0
    assert installed_bytes("onnx") > 1_000_000
