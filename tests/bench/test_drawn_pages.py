"""The pages that judge how numbers are read: they have labels as they should, and nothing is drawn off them."""

import numpy as np
import pytest

from bench.robustness.drawn_pages import PAGES


@pytest.mark.parametrize("kind", PAGES)
def test_a_page_is_drawn_alike_each_time_with_ink_within_its_edges(mnist_test, kind):
    (page, text), (again, _) = (PAGES[kind](mnist_test, np.random.default_rng(3)) for _ in range(2))
    grey = np.asarray(page)
    assert grey.dtype == np.uint8
    assert (grey == np.asarray(again)).all()
    assert set(text) <= set("0123456789/")
    assert np.ptp(grey.astype(int)) > 60
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]]).astype(int)
    assert kind in ("turned", "skewed", "sudokus") or np.ptp(border) < 60


@pytest.mark.parametrize(("kind", "lines"), [("plain", 1), ("touching", 1), ("empty_forms", 0), ("sudokus", 9)])
def test_a_label_has_a_line_for_each_of_the_page(mnist_test, kind, lines):
    for seed in range(3):
        _, text = PAGES[kind](mnist_test, np.random.default_rng(seed))
        assert len(text.split("/")) == lines or (lines == 0 and text == "")
