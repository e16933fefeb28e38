"""The page of the picture path tells the records' figures, and its picture shows which look answered."""

import json

from bench.normalizers.recipes import RECIPES
from bench.picture_path import CASES, STAGES
from bench.recording import SCHEMA
from digit_infer import Predictor
from pages.normalizer import RULES, page
from pages.pictures.picture_path import draw_strips, pictures

PAIRS = {"difference_us": 9_000.0, "difference_low_us": 8_000.0, "difference_high_us": 10_000.0}


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
        "5 are rejected by default, and 6 with the threshold that keeps 99 %",
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


def test_the_picture_of_the_path_shows_who_looked(tmp_path):
    with Predictor() as predictor:
        answers = [predictor.explain(picture).prediction for picture in pictures()]
    assert [answer.look for answer in answers[:3]] == ["plain", "network", "network"]
    assert [answer.digit for answer in answers[:3]] == [7, 2, 1]
    assert [answer.several for answer in answers] == [False, False, False, True]
    for name in ("one.png", "two.png"):
        draw_strips(tmp_path / name, pictures())
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    assert (tmp_path / "one.png").stat().st_size < 100_000
