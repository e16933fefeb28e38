"""What judges networks by kinds that no training draws."""

import numpy as np
import pytest

from bench.robustness.digit_shapes import DIGIT_SHAPES, drawn_shape
from bench.robustness.unseen import KEPT, judged
from bench.robustness.unseen_non_digits import UNSEEN_NON_DIGITS
from digit_infer import Predictor


@pytest.mark.parametrize("kind", DIGIT_SHAPES)
def test_a_drawn_shape_is_dark_on_light_and_within_the_page(kind):
    _, shape = DIGIT_SHAPES[kind]
    draw = np.random.default_rng(4)
    for _ in range(5):
        page = np.asarray(drawn_shape(shape, draw))
        paper = int(np.median(page))
        ink = page < paper - 50
        assert 0.003 < ink.mean() < 0.3
        assert not np.concatenate([ink[0], ink[-1], ink[:, 0], ink[:, -1]]).any()


@pytest.mark.parametrize("kind", UNSEEN_NON_DIGITS)
def test_non_digits_have_ink_and_differ(kind):
    draw = np.random.default_rng(1)
    pages = [np.asarray(UNSEEN_NON_DIGITS[kind](draw).convert("L")) for _ in range(4)]
    assert all(np.ptp(page) > 80 for page in pages)
    assert len({page.tobytes() for page in pages}) == 4


@pytest.mark.usefixtures("mnist_train")
def test_who_keeps_more_digits_rejects_fewer_others():
    pytest.importorskip("sklearn", reason="its digits are part of the judgement")
    with Predictor("softmax_regression") as predictor:
        found = judged(predictor, 10, test=False)
    assert set(DIGIT_SHAPES) < set(found.right)
    for hands in ("MNIST", "other hands"):
        limits = [found.confidence[hands][share] for share in KEPT]
        assert limits == sorted(limits, reverse=True)
        means = [np.mean([*found.rejected[hands][share].values()]) for share in KEPT]
        assert means == sorted(means, reverse=True)
