import numpy as np
import pytest

from training.augmentation import about_the_middle, augmented, composed, drawn_matrices, projective
from training.recipe import Augmentation
from training.recipes import RECIPES

NONE = Augmentation(rotation_degrees=0, shift=0, zoom=0, shear_degrees=0)
PICTURE = np.arange(1, 36, dtype=np.float32).reshape(1, 5, 7, 1)


def changed(picture, *, angle=0.0, down=0.0, right=0.0, shear=0.0, rows=1.0, columns=1.0):
    """Apply one known change."""
    import keras

    numbers = (np.array([value]) for value in (angle, down, right, shear, rows, columns))
    matrices = about_the_middle(composed(*numbers), picture.shape[1:3])
    transformed = keras.ops.image.affine_transform(
        picture, projective(matrices), interpolation="bilinear", fill_mode="nearest", data_format="channels_last"
    )
    return np.asarray(transformed)[0, ..., 0]


def test_no_change_changes_nothing():
    np.testing.assert_allclose(augmented(PICTURE, NONE, np.random.default_rng(0)), PICTURE)


def test_a_shift_reads_from_there_and_repeats_the_border():
    picture = PICTURE[0, ..., 0]
    np.testing.assert_allclose(changed(PICTURE, down=1), np.concatenate([picture[1:], picture[-1:]]))
    np.testing.assert_allclose(changed(PICTURE, right=-2), picture[:, [0, 0, 0, 1, 2, 3, 4]])
    np.testing.assert_allclose(changed(PICTURE, right=0.5)[:, :-1], picture[:, :-1] + 0.5)


def test_a_quarter_turn():
    square = np.arange(25, dtype=np.float32).reshape(1, 5, 5, 1)
    np.testing.assert_allclose(changed(square, angle=np.pi / 2), np.rot90(square[0, ..., 0], -1), atol=1e-4)


def test_zoom_acts_on_each_axis_by_itself_about_the_middle():
    picture = PICTURE[0, ..., 0]
    np.testing.assert_allclose(changed(PICTURE, rows=2)[2], picture[2], atol=1e-5)
    np.testing.assert_allclose(changed(PICTURE, rows=2)[1], picture[0], atol=1e-5)
    np.testing.assert_allclose(changed(PICTURE, columns=3)[:, 4], picture[:, 6], atol=1e-5)


def test_shear_moves_rows_by_the_sine_of_the_angle():
    angle = 0.1
    found = changed(PICTURE, shear=angle)
    row, column = 2, 4
    from_row = 2 - np.sin(angle) * (column - 3)
    from_column = 3 + np.cos(angle) * (column - 3)
    assert found[row, column] == pytest.approx(1 + 7 * from_row + from_column, abs=1e-4)


def test_group_a_draws_within_its_published_ranges_and_fills_them():
    augmentation = RECIPES["shallow_cnn_aug"].augmentation
    assert augmentation == Augmentation(rotation_degrees=15, shift=0.2, zoom=0.2, shear_degrees=0.2)
    matrices = drawn_matrices(20_000, augmentation, (28, 28), np.random.default_rng(0))
    rows = np.hypot(matrices[:, 0, 0], matrices[:, 1, 0])
    assert (rows.min(), rows.max()) == (pytest.approx(0.8, abs=1e-3), pytest.approx(1.2, abs=1e-3))
    angles = np.rad2deg(np.arctan2(matrices[:, 1, 0], matrices[:, 0, 0]))
    assert (angles.min(), angles.max()) == (pytest.approx(-15, abs=0.05), pytest.approx(15, abs=0.05))
    distance = np.hypot(matrices[:, 0, 2], matrices[:, 1, 2])
    assert 0.27 * 28 < distance.max() <= np.hypot(0.2, 0.2) * 28


def test_a_seed_decides_the_draws(mnist_test):
    images = mnist_test.images[:50, ..., None].astype(np.float32) / 255
    augmentation = RECIPES["deep_cnn_aug"].augmentation
    first, again, other = (augmented(images, augmentation, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert (first.min(), first.max()) == (0, pytest.approx(1))
