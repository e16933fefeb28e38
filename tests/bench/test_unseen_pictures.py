"""Kinds of pictures that no training imitates: what they show, and that training and judging share no drawing."""

import ast
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.robustness.measure import digit_of
from bench.robustness.mouse import drawn_by_mouse, middle_lines
from bench.robustness.unseen_pictures import UNSEEN
from digit_infer import Predictor

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("kind", UNSEEN)
def test_a_kind_is_the_same_for_the_same_chance_and_differs_otherwise(mnist_test, kind):
    first, again, other = (UNSEEN[kind](mnist_test.images[0], np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.mode == "L"
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()
    assert np.ptp(np.asarray(first)) > 60, "there is ink to be seen"


def test_most_of_them_are_answered(mnist_test):
    draw = np.random.default_rng(3)
    shares = []
    with Predictor() as predictor:
        for kind in UNSEEN.values():
            drawn = [kind(digit, draw) for digit in mnist_test.images[:20]]
            answers = [digit_of(answer) for answer in predictor.predict_many(drawn)]
            shares.append(np.mean(answers == mnist_test.labels[:20]))
    assert np.mean(shares) >= 0.85


def test_a_mouse_draws_without_grey_by_thin_pens_in_both_colours_on_every_size(mnist_test):
    draw = np.random.default_rng(4)
    sides, bright = [], 0
    for digit in mnist_test.images[:100]:
        pixels = np.asarray(drawn_by_mouse(digit, draw))
        assert set(np.unique(pixels)) == {0, 255}
        assert pixels.shape[0] == pixels.shape[1]
        inked = min((pixels == 0).mean(), (pixels == 255).mean())
        assert inked < 0.25, "a line, no area"
        sides.append(len(pixels))
        bright += np.median(pixels) == 255
    assert min(sides) < 100
    assert max(sides) > 350
    assert min(sides) >= 60
    assert max(sides) <= 400
    assert 30 < bright < 70


def test_the_lines_of_a_digit_lie_in_its_ink_and_keep_its_holes(mnist_test):
    def holes(lines):
        points = {point for line in lines for point in line}
        edges = {frozenset(pair) for line in lines for pair in pairwise(line)}
        return len(edges) - len(points) + 1  # of one piece, by Euler

    found = {}
    for number in range(60):
        digit, label = mnist_test.images[number], int(mnist_test.labels[number])
        lines = middle_lines(digit)
        large = np.pad(np.asarray(Image.fromarray(digit).resize((84, 84), Image.Resampling.BICUBIC)), 2)
        assert all(large[point] >= 100 for line in lines for point in line)
        found.setdefault(label, []).append(holes(lines))
    assert np.median(found[0]) == np.median(found[9]) == 1
    assert np.median(found[1]) == np.median(found[7]) == 0


def test_drawings_for_training_and_for_judging_share_no_code():
    for path in (ROOT / "bench" / "robustness").glob("*.py"):
        assert not any(name.startswith("training") for name in _imported(path)), path
    for path in (ROOT / "training").rglob("*.py"):
        assert not any(name.startswith("bench.robustness") for name in _imported(path)), path


def _imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
