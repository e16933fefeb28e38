import dataclasses

import keras
import numpy as np
import pytest

from digit_infer import dataset
from digit_infer.benchmark.statistics import best_temperature
from training.data import epochs_of, scaled
from training.distortion import DAMAGES, blurred, displacements, distorted, thickened, warped
from training.errors import TrainingError
from training.glyphs import SIGNS
from training.network import build
from training.non_digits import non_digits
from training.recipe import Distortion, Regime
from training.regime import Epochs
from training.run import RunFolder
from training.trainer import train
from training.weights import kept

NONE = Distortion(rotation_degrees=0, shift_pixels=0, zoom=0, shear=0, elastic_pixels=0, damage=0)
USUAL = Distortion(rotation_degrees=12, shift_pixels=2, zoom=0.15, shear=0.25, elastic_pixels=0.9, damage=0.7)


@pytest.fixture(scope="module")
def digits():
    test = dataset.load("test")
    return test.images[:300], test.labels[:300]


def draw(seed=0):
    return np.random.default_rng(seed)


def test_no_distortion_changes_nothing(digits):
    images = scaled(digits[0])[..., 0]
    np.testing.assert_allclose(distorted(images, NONE, draw()), images, atol=1e-6)


def test_a_shift_by_whole_pixels_moves_and_what_comes_in_is_ground(digits):
    images = scaled(digits[0])[..., 0]
    rows, columns = displacements(len(images), 28, NONE, draw())
    moved = warped(images, rows + 3, columns - 2)
    np.testing.assert_allclose(moved[:, :-3, 2:], images[:, 3:, :-2], atol=1e-6)
    assert not moved[:, -3:].any()


def test_changes_are_drawn_for_each_image_and_stay_in_range(digits):
    images = np.repeat(scaled(digits[0])[:1, ..., 0], 200, axis=0)
    changed = distorted(images, USUAL, draw())
    assert changed.min() >= 0
    assert changed.max() <= 1
    assert len({image.tobytes() for image in changed}) == 200
    np.testing.assert_array_equal(changed, distorted(images, USUAL, draw()))


def test_damage_meets_as_many_images_as_declared():
    images = np.zeros((4_000, 28, 28), np.float32)
    images[:, 8:20, 12:16] = 0.8
    hit = (distorted(images, dataclasses.replace(NONE, damage=0.7), draw()) != images).any(axis=(1, 2)).mean()
    assert hit == pytest.approx(1 - (1 - 0.7 / len(DAMAGES)) ** len(DAMAGES), abs=0.06)


def test_strokes_grow_and_shrink_by_a_pixel_at_most():
    image = np.zeros((1, 9, 9), np.float32)
    image[0, 3:6, 3:6] = 1
    one = np.ones((1, 1, 1), np.float32)
    assert thickened(image, one).sum() == 21  # the square and a row at each of its sides
    assert thickened(image, -one).sum() == 1
    np.testing.assert_array_equal(thickened(image, 0 * one), image)


def test_blur_keeps_the_sum_and_has_the_variance_that_is_said():
    image = np.zeros((1, 9, 9), np.float32)
    image[0, 4, 4] = 1
    spread = blurred(image, np.full((1, 1, 1), 0.5, np.float32))[0]
    assert spread.sum() == pytest.approx(1)
    assert (spread.sum(axis=0) * (np.arange(9) - 4) ** 2).sum() == pytest.approx(0.5, abs=1e-6)


def test_no_sign_is_drawn_off_its_grid():
    assert len(SIGNS) > 80
    for strokes in SIGNS:
        for stroke in strokes:
            assert len(stroke.points) >= 2
            assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y in stroke.points)


def test_pictures_without_a_digit_follow_the_seed(digits):
    one = non_digits(300, *digits, draw())
    assert one.shape == (300, 28, 28)
    assert one.dtype == np.uint8
    np.testing.assert_array_equal(one, non_digits(300, *digits, draw()))
    assert len({image.tobytes() for image in one}) > 280
    known = {image.tobytes() for image in digits[0]}
    assert not any(image.tobytes() in known for image in one)


def regime(**settings):
    return Regime(**{"distortion": NONE, "non_digits": 0.2, "label_smoothing": 0.1, **settings})


def test_targets_believe_labels_as_declared_and_nothing_of_the_rest(digits):
    images, labels = scaled(digits[0]), digits[1]
    seen, targets = Epochs(regime(), images, labels, None).epoch(0, 1)
    assert seen.shape == (360, 28, 28, 1)
    np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-6)
    strange = targets.max(axis=1) < 0.2
    assert strange.sum() == 60
    np.testing.assert_allclose(targets[strange], 0.1, atol=1e-6)
    np.testing.assert_allclose(np.sort(targets[~strange], axis=1)[:, [0, -1]], [[0.01, 0.91]] * 300, atol=1e-6)
    place = {image.tobytes(): label for image, label in zip(images, labels, strict=True)}
    assert [place[image.tobytes()] for image in seen[~strange]] == targets[~strange].argmax(axis=1).tolist()


def test_the_last_epochs_are_calm(tiny, digits):
    recipe = dataclasses.replace(
        tiny, regime=regime(distortion=USUAL, non_digits=0.0), epochs=5, calm=NONE, calm_epochs=2, plateau=None
    )
    draw = epochs_of(recipe, (scaled(digits[0]), digits[1]), 0)
    known = {image.tobytes() for image in scaled(digits[0])}
    assert [all(image.tobytes() in known for image in draw(number)[0]) for number in range(1, 6)] == [False] * 3 + [
        True
    ] * 2


def test_without_non_digits_there_are_digits_alone(digits):
    seen, targets = Epochs(regime(non_digits=0.0), scaled(digits[0]), digits[1], None).epoch(0, 1)
    assert len(seen) == len(targets) == 300


def test_an_epoch_follows_from_seed_and_number(digits):
    epochs = Epochs(regime(distortion=USUAL), scaled(digits[0]), digits[1], None)
    for one, other in zip(epochs.epoch(3, 2), epochs.epoch(3, 2), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(epochs.epoch(3, 2)[0], epochs.epoch(3, 3)[0])
    assert not np.array_equal(epochs.epoch(3, 2)[0], epochs.epoch(4, 2)[0])


def test_a_teacher_is_asked_about_the_digits_alone_and_weighs_as_declared(digits):
    images, labels = scaled(digits[0]), digits[1]
    asked = []

    def teacher(shown):
        asked.append(len(shown))
        return np.eye(10, dtype=np.float32)[np.zeros(len(shown), np.int64)]

    _, targets = Epochs(regime(label_smoothing=0.0, teacher_share=0.25), images, labels, teacher).epoch(0, 1)
    assert asked == [300]
    believed = np.sort(targets[targets.max(axis=1) > 0.2][:, 1:].max(axis=1))
    assert set(np.round(believed, 6).tolist()) == {0.0, 0.75}


def test_nothing_learns_in_silence_without_its_teachers(digits):
    taught = regime(non_digits=0.0, teachers=("digitnet",), teacher_share=0.5)
    with pytest.raises(TrainingError, match="digitnet must teach"):
        Epochs(taught, scaled(digits[0]), digits[1], None).epoch(0, 1)


def test_a_run_of_a_regime_resumes_and_keeps_the_temperature(tiny, little_data, watcher, tmp_path):
    recipe = dataclasses.replace(
        tiny, claim=None, regime=regime(distortion=USUAL), temperature=0.5, plateau=None, keeps="last epoch", epochs=2
    )
    whole, parts = RunFolder(tmp_path / "whole"), RunFolder(tmp_path / "parts")
    undisturbed = train(recipe, 0, whole, watcher, data=little_data)
    assert max(watcher.done) == watcher.steps_an_epoch, "the pictures without a digit count as well"
    for epochs in (1, 2):
        resumed = train(recipe, 0, parts, watcher, epochs, little_data)
    assert [epoch.val_loss for epoch in resumed.history] == [epoch.val_loss for epoch in undisturbed.history]
    last, best = (keras.saving.load_model(whole.path / name) for name in (resumed.last_file, resumed.best_file))
    for warm, cold in zip(best.layers[-1].get_weights(), last.layers[-1].get_weights(), strict=True):
        np.testing.assert_allclose(warm, cold / 0.5, rtol=1e-6)


def test_without_a_regime_nothing_is_tempered(tiny):
    model = build(tiny)
    for one, other in zip(kept(model, tiny).get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_calibrated_run_takes_its_temperature_from_its_validation_images_in_the_end(tiny, little_data, watcher, tmp_path):
    recipe = dataclasses.replace(
        tiny, claim=None, regime=regime(distortion=USUAL), calibrated=True, plateau=None, keeps="last epoch", epochs=2
    )
    folder = RunFolder(tmp_path)
    images, labels = little_data[1]
    for epochs, finished in ((1, False), (2, True)):
        state = train(dataclasses.replace(recipe), 0, folder, watcher, epochs, little_data)
        last, best = (keras.saving.load_model(folder.path / name) for name in (state.last_file, state.best_file))
        temperature = best_temperature(last.predict(images, verbose=0), labels)
        assert finished == (len(state.history) == recipe.epochs)
        for warm, cold in zip(best.layers[-1].get_weights(), last.layers[-1].get_weights(), strict=True):
            np.testing.assert_allclose(warm, cold / np.float32(temperature), rtol=1e-5)
