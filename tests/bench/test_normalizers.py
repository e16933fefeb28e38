"""Our normaliser beside recipes with libraries: what is measured, and what the page says of it."""

from pathlib import Path

import numpy as np
import pytest

from bench.document.normalizers import RECORD, normalizers_page
from bench.normalizers.measure import answer, draw
from bench.normalizers.recipes import OURS, RECIPES
from bench.normalizers.see import see
from bench.normalizers.weight import brought_by, installed_bytes
from bench.peers.environments import ENVIRONMENTS
from bench.robustness.drawn_pictures import KINDS
from digit_infer import image
from digit_infer.errors import MeasurementError

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_what_the_record_says():
    assert RECORD.exists()
    assert (DOCS / "normalizer.md").read_text(encoding="utf-8") == normalizers_page(), "run python -m bench.document"


def test_what_is_seen_is_what_predict_sees(examples, tmp_path):
    paths = sorted(examples.glob("*.png"))
    listed = tmp_path / "pictures.txt"
    listed.write_text("\n".join(map(str, paths)), encoding="utf-8")
    see("ours", listed, tmp_path / "seen.npz")
    with np.load(tmp_path / "seen.npz") as seen:
        np.testing.assert_array_equal(seen["images"], np.stack([image.read(path).image for path in paths]))
        assert (seen["us"] > 0).all()
        assert {name for name in seen.files if name.startswith("step")} == {f"step {name}" for name in OURS.load()[1]}


def test_pictures_are_drawn_with_their_labels(tmp_path, mnist_test):
    pictures = draw(tmp_path, 2)
    assert len(pictures.paths) == len(set(pictures.paths)) == 2 * len(KINDS)
    assert pictures.labels[:2] == tuple(mnist_test.labels[:2])
    assert pictures.kinds[:3] == ("drawn_out", "drawn_out", "lined")


def test_every_recipe_runs_in_an_environment_and_says_what_is_missing(tmp_path, monkeypatch):
    assert {recipe.environment for recipe in RECIPES.values()} <= set(ENVIRONMENTS)
    missing = {name: type(each)(name, tmp_path / "nothing") for name, each in ENVIRONMENTS.items()}
    monkeypatch.setattr("bench.normalizers.measure.ENVIRONMENTS", missing)
    with pytest.raises(MeasurementError, match="python -m bench peers install opencv"):
        answer(draw(tmp_path, 1), "softmax_regression", lambda _: None)


def test_what_a_package_brings_is_what_it_needs_and_we_do_not():
    ours = brought_by("digit-infer")
    assert {"numpy", "pillow", "rich"} <= ours
    assert not {"onnxruntime", "pytest"} & ours, "those are extras"
    assert "numpy" in brought_by("onnx")
    assert installed_bytes("numpy") == 0
    assert installed_bytes("onnx") > 1_000_000
