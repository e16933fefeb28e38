"""What networks learn from beside MNIST: digits by other hands, glyphs of many scripts, images of few pixels."""

import dataclasses

import numpy as np
import pytest

from digit_infer import Predictor, dataset
from digit_infer.image.mnist_form import box_in_mnist_form
from training.distortion import badly_normalised, coarsened, distorted
from training.hands import SHAPES, Hands
from training.non_digits import NARROW, WIDE, non_digits
from training.picture_path import found_again, found_without
from training.recipe import Wide
from training.recipes.own import CANDIDATES
from training.regime import Epochs
from training.scripts import glyphs_of, letters_and_signs, thinned_glyphs
from training.wide import Amounts, Pool, drawn_pool, stored_pool

LITTLE = Amounts(thinned=40, hands=30, on_pictures=6, non_digits=20, bare=4)


@pytest.fixture(scope="module")
def some():
    """Test images in the place of training images, which need a download."""
    test = dataset.load("test")
    return test.images[:200], test.labels[:200]


def test_hands_write_every_digit_in_mnists_form(some):
    images, labels = Hands(*some, thinned=40).digits(150, np.random.default_rng(3))
    assert images.shape == (150, 28, 28)
    assert set(labels.tolist()) == set(range(10))
    assert np.mean([box_in_mnist_form(image) is not None for image in images]) > 0.95
    ink = (images > 100).sum(axis=(1, 2))
    assert ink.min() < 45 < 120 < ink.max(), "from hairlines to markers"


def test_each_digit_has_several_shapes_of_our_own():
    assert len(SHAPES) == 10
    assert all(len(shapes) >= 5 for shapes in SHAPES)


def test_shapes_show_their_digit(monkeypatch, some):
    """The smallest of our networks, which learned from none of them, reads most of each digit; of slashed zeros half."""
    monkeypatch.setattr("training.hands._SHARES", {"shape": 1.0})
    images, labels = Hands(some[0][:1], some[1][:1], thinned=1).digits(2_000, np.random.default_rng(0))
    with Predictor("digitnet_nano") as predictor:
        right = predictor.predict_array(images).argmax(axis=1) == labels
    for digit in range(10):
        assert right[labels == digit].mean() > 0.7, digit


def test_sevens_are_wider_than_ones(monkeypatch, some):
    monkeypatch.setattr("training.hands._SHARES", {"shape": 1.0})
    images, labels = Hands(some[0][:1], some[1][:1], thinned=1).digits(1_500, np.random.default_rng(0))
    widths = (images > 100).any(axis=1).sum(axis=1)
    assert np.quantile(widths[labels == 7], 0.25) > 11 > np.quantile(widths[labels == 1], 0.5), (
        "drawn half as wide, it is 11"
    )


def test_letters_and_signs_have_each_glyph_once_and_no_digit():
    known = {tuple(line.tobytes() for line in lines) for lines in letters_and_signs()}
    assert len(known) == len(letters_and_signs()) > 700
    futural = glyphs_of("futural")
    assert not known & {tuple(line.tobytes() for line in futural[character]) for character in "0123456789OIlZ"}
    assert known >= {tuple(line.tobytes() for line in futural[character]) for character in "AHPT+*?&"}


def test_glyphs_of_dejavu_are_thin():
    paths = thinned_glyphs()
    assert len({path.points.tobytes() for path in paths}) > 700
    assert all(0 <= path.points.min() < path.points.max() <= 1 for path in paths)
    assert all(len(path.edges) < 1.5 * len(path.points) for path in paths), "lines, not areas"


@pytest.mark.parametrize("kind", sorted(set(WIDE) - set(NARROW)))
def test_wide_kinds_of_non_digits_have_ink_and_differ(kind, some):
    images = non_digits(12, *some, np.random.default_rng(1), {kind: 1.0})
    assert images.dtype == np.uint8
    assert all(image.max() > 128 for image in images)
    assert len({image.tobytes() for image in images}) == 12


def test_coarsened_images_stay_in_range_and_some_lose_their_greys(some):
    images = some[0].astype(np.float32) / 255
    changed = coarsened(images, np.random.default_rng(0))
    assert changed.dtype == np.float32
    assert 0 <= changed.min() <= changed.max() <= 1
    assert (changed.max(axis=(1, 2)) > 0.5).all(), "no digit gets lost"
    greys = ((changed > 0.1) & (changed < 0.9)).sum(axis=(1, 2))
    assert greys.min() == 0
    assert np.median(greys) > 10


def test_some_badly_normalised_images_are_rotated():
    cross = np.zeros((400, 28, 28), np.float32)
    cross[:, 13:15, 4:24] = 1
    cross[:, 4:24, 13:15] = 1
    ink = badly_normalised(cross, np.random.default_rng(5)) > 0.3
    columns = np.arange(28) * ink[:, [9, 18]]
    lean = np.ptp(columns.sum(axis=2) / ink[:, [9, 18]].sum(axis=2), axis=1)
    assert 0.1 < (lean > 1.5).mean() < 0.25
    assert np.median(lean) < 0.5, "most are upright"


def test_the_picture_path_gives_digits_back_with_their_labels(some):
    images, labels = found_again(some[0][:12], some[1][:12], "softmax_regression", np.random.default_rng(0))
    assert 6 <= len(images) == len(labels) <= 12
    kept = iter(some[1][:12].tolist())
    assert all(label in kept for label in labels.tolist()), "in their order"
    assert found_without(6, "softmax_regression", np.random.default_rng(0)).shape[1:] == (28, 28)


def test_a_pool_is_drawn_alike_and_kept(tmp_path, some, monkeypatch):
    pool = drawn_pool(*some, LITTLE)
    monkeypatch.setattr("training.wide.drawn_pool", lambda *_: drawn_pool(*some, LITTLE))
    path = tmp_path / "pool.npz"
    first = stored_pool(path, *some)
    monkeypatch.setattr("training.wide.drawn_pool", lambda *_: pytest.fail("drawn again"))
    for one in (first, stored_pool(path, *some)):
        for part in ("digits", "labels", "others"):
            np.testing.assert_array_equal(getattr(one, part), getattr(pool, part))


def test_an_epoch_takes_its_shares_from_the_pool(some):
    images, labels = some
    wide = Wide(hands=0.25, non_digits=0.5, coarse=0.3)
    regime = dataclasses.replace(CANDIDATES["digitnet_nano"].regime, teachers=())
    marked = Pool(np.full((3, 28, 28), 7, np.uint8), np.array([4, 4, 4], np.uint8), np.full((2, 28, 28), 9, np.uint8))
    still = dataclasses.replace(regime.distortion, **dict.fromkeys(vars(regime.distortion), 0))
    epochs = Epochs(regime, images[..., None].astype(np.float32) / 255, labels, None, (wide, marked))
    seen, targets = epochs.epoch(0, 1, still)
    assert len(seen) == len(targets) == 350
    assert (np.ptp(targets, axis=1) < 1e-6).sum() == 100, "non-digits believe all classes alike"
    assert (targets.argmax(axis=1)[np.ptp(targets, axis=1) > 0.5] == 4).sum() == 50 + (labels == 4).sum()
    again, _ = epochs.epoch(0, 1, still)
    np.testing.assert_array_equal(seen, again)


def test_a_teacher_is_asked_about_digits_by_other_hands_too_but_not_about_non_digits(some):
    asked = []

    def teacher(shown):
        asked.append(shown.shape)
        return np.eye(10, dtype=np.float32)[np.full(len(shown), 3)]

    regime = dataclasses.replace(CANDIDATES["digitnet_nano"].regime, teachers=("digitnet",), teacher_share=1.0)
    few = Pool(some[0][:3], some[1][:3], some[0][3:5])
    wide = (Wide(hands=0.25, non_digits=0.5, coarse=0.3), few)
    _, targets = Epochs(regime, some[0][..., None].astype(np.float32) / 255, some[1], teacher, wide).epoch(0, 1)
    assert asked == [(250, 28, 28, 1)]
    assert (targets.argmax(axis=1)[np.ptp(targets, axis=1) > 0.5] == 3).sum() == 250
    assert (np.ptp(targets, axis=1) < 1e-6).sum() == 100


def test_an_epoch_without_wide_data_is_distorted_alone(some):
    """So a recipe from before wide data trains as it did."""
    images = some[0].astype(np.float32) / 255
    regime = dataclasses.replace(CANDIDATES["digitnet_nano"].regime, non_digits=0, teachers=())
    seen, _ = Epochs(regime, images[..., None], some[1], None).epoch(0, 1)
    draw = np.random.default_rng((0, 1, 3))
    expected = distorted(images[draw.permutation(len(images))], regime.distortion, draw)
    np.testing.assert_array_equal(seen[..., 0], expected)


def test_the_small_network_holds_its_validation_images_back():
    recipe = CANDIDATES["digitnet_nano"]
    assert recipe.parameters <= 10_000
    assert recipe.calibrated
    assert recipe.validation == "first 5,000 of train"
