"""The ink network's drawings, epochs, loss and training: what is drawn, and that a run is what its seed says."""

import numpy as np
import pytest

from digit_infer.contract import INK_SIDE
from training.ink.epochs import InkEpochs
from training.ink.network import InkLoss, ink_network
from training.ink.pictures import pictures
from training.ink.skeletons import skeletons, thinned
from training.ink.writing import Hands
from training.network import build
from training.recipes import recipe_named


@pytest.fixture(scope="module")
def hands(mnist_test):
    """Signs by the hands of some test images: training images are not bundled."""
    made = Hands.__new__(Hands)
    made._images = mnist_test.images[:40]
    made._skeletons = skeletons(made._images)
    return made


def test_thinning_leaves_lines_of_one_pixel_that_hang_together():
    mask = np.zeros((1, 40, 40), np.bool_)
    mask[0, 10:30, 5:35] = True
    thin = thinned(mask)
    assert thin.any()
    assert not (thin[0, :-1, :-1] & thin[0, 1:, :-1] & thin[0, :-1, 1:] & thin[0, 1:, 1:]).any()


def test_a_skeleton_follows_the_ink(mnist_test):
    image = mnist_test.images[0]
    [path] = skeletons(image[None])
    columns, rows = (np.clip(path.points * 28, 0, 27).astype(int)).T
    assert (image[rows, columns] > 60).mean() > 0.95


@pytest.mark.parametrize("size", [10, 40, 120])
def test_a_sign_has_the_size_that_is_asked_for(hands, size):
    draw = np.random.default_rng(size)
    for _ in range(20):
        sign = hands.sign(size, draw)
        assert abs(max(sign.shape) - size) <= 4
        assert 0.5 < sign.max() <= 1


def test_pictures_follow_from_their_random_seed_and_hold_their_ink(hands):
    grey, ink = pictures(30, hands, np.random.default_rng(3))
    again = pictures(30, hands, np.random.default_rng(3))
    np.testing.assert_array_equal(grey, again[0])
    np.testing.assert_array_equal(ink, again[1])
    assert grey.shape == ink.shape == (30, INK_SIDE, INK_SIDE)
    assert 0.5 < (ink.max(axis=(1, 2)) > 200).mean() < 1


def test_an_epoch_turns_pictures_and_their_ink_alike(monkeypatch):
    grey = np.random.default_rng(0).integers(0, 256, (8, INK_SIDE, INK_SIDE)).astype(np.uint8)
    monkeypatch.setattr("training.ink.epochs.drawn", lambda *_: (grey.copy(), grey.copy()))
    epochs = InkEpochs(8, 6)
    seen, ink = epochs.epoch(0, 1)
    assert seen.shape == (6, INK_SIDE, INK_SIDE, 1)
    same = np.isclose(seen[..., 0], ink).all(axis=(1, 2))
    inverted = np.isclose(1 - seen[..., 0], ink, atol=1e-6).all(axis=(1, 2))
    assert (same | inverted).all()
    again, _ = epochs.epoch(0, 1)
    np.testing.assert_array_equal(seen, again)
    assert not np.array_equal(seen, epochs.epoch(0, 2)[0])


def test_the_recipe_builds_the_network_that_ships():
    model = build(recipe_named("inknet"))
    assert model.count_params() == 89_236
    assert model.output_shape == (None, INK_SIDE, INK_SIDE)


def test_the_loss_is_smallest_where_ink_is_marked_as_it_is():
    ink = np.zeros((2, INK_SIDE, INK_SIDE), np.float32)
    ink[:, 30:60, 30:40] = 1
    right, none, other = (
        float(InkLoss()(ink, np.clip(marked, 1e-6, 1 - 1e-6))) for marked in (ink, 0 * ink, ink[:, ::-1, ::-1])
    )
    assert right < none < other


def test_a_network_learns_to_mark_ink(hands):
    grey, ink = pictures(64, hands, np.random.default_rng(1))
    model = ink_network((8, 8, 8, 8), "small")
    model.compile("adam", InkLoss())
    losses = model.fit(grey[..., None] / 255, ink / 255, batch_size=16, epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
