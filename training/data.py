"""What a recipe's network learns from in each epoch, and the data that watch it.

An epoch's data follow from the recipe, the seed and the epoch's number alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from digit_infer import dataset
from training.augmentation import augmented
from training.ink.epochs import InkEpochs, held_out
from training.ink.epochs import scaled as pixels_scaled
from training.recipe import DrawnPictures, Recipe, Wide
from training.regime import Epochs
from training.wide import Pool, drawn_pool, stored_pool

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from training.regime import Teacher
    from training.run import RunFolder

    Arrays = tuple[NDArray[np.float32], NDArray[np.uint8]]
    Watched = tuple[NDArray[np.float32], NDArray[Any]]
    """Validation images, and their labels, or the ink of each pixel"""

    Draw = Callable[[int], tuple[NDArray[np.float32], NDArray[np.uint8 | np.float32]]]
    """The number of an epoch -> its images and its labels or targets"""

EVALUATION_BATCH = 1_000
"""How many images a network is asked about at once"""

_SPLITS = {
    "first 5,000 of train": (np.s_[5_000:], np.s_[:5_000]),
    "last 10,000 of train": (np.s_[:-10_000], np.s_[-10_000:]),
    "none": (np.s_[:], np.s_[-10_000:]),
}


def training_data(recipe: Recipe) -> tuple[Arrays, Arrays]:
    """Return training and validation data as the recipe splits them: float32 [N, 28, 28, 1] in 0..1, labels uint8 [N].

    Where it says "none", the validation data are training images, too, and only show that a run is in health.
    """
    full = dataset.load("train")
    images = scaled(full.images)
    if recipe.watched_the_test_set:
        test = dataset.load("test")
        return (images, full.labels), (scaled(test.images), test.labels)
    learned, held_out = _SPLITS[recipe.validation]
    return (images[learned], full.labels[learned]), (images[held_out], full.labels[held_out])


def epochs_of(
    recipe: Recipe, training: Arrays, seed: int, teacher: Teacher | None = None, folder: RunFolder | None = None
) -> Draw:
    """Return what draws the data of an epoch by its number; ``folder`` keeps what is drawn once for all epochs."""
    if recipe.regime is None:
        return lambda number: epoch_data(recipe, training, seed, number)
    epochs = Epochs(recipe.regime, *training, teacher, _wide_data(recipe, training, folder))
    calm_from = recipe.epochs - recipe.calm_epochs
    return lambda number: epochs.epoch(seed, number, recipe.calm if number > calm_from else None)


def epoch_data(recipe: Recipe, training: Arrays, seed: int, number: int) -> Arrays:
    """Return what an epoch learns from: the training data in the epoch's order, changed at random if the recipe says so."""
    images, labels = training
    order = np.random.default_rng((seed, number)).permutation(len(labels))
    images = images[order]
    if recipe.augmentation is not None:
        images = augmented(images, recipe.augmentation, np.random.default_rng((seed, number, 2)))
    return images, labels[order]


def _wide_data(recipe: Recipe, training: Arrays, folder: RunFolder | None) -> tuple[Wide, Pool] | None:
    if recipe.wide is None:
        return None
    images, labels = as_bytes(training[0]), training[1]
    return recipe.wide, drawn_pool(images, labels) if folder is None else stored_pool(folder.pool, images, labels)


def drawn_data(drawn: DrawnPictures, seed: int) -> tuple[Draw, Watched, int]:
    """Return what draws an epoch of the ink network, its validation data, and the number of pictures in an epoch."""
    epochs = InkEpochs(drawn.pool, drawn.an_epoch)
    grey, ink = held_out()
    return lambda number: epochs.epoch(seed, number), (pixels_scaled(grey)[..., None], pixels_scaled(ink)), len(epochs)


def images_in_an_epoch(recipe: Recipe, digits: int) -> int:
    """Return how many images an epoch of a recipe has, given that ``digits`` of them are MNIST's."""
    if recipe.wide is not None:
        return digits + sum(recipe.wide.added_to(digits))
    return digits if recipe.regime is None else digits + recipe.regime.non_digits_among(digits)


def scaled(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Turn uint8 [N, 28, 28] into what the recipes' networks take: float32 [N, 28, 28, 1] in 0..1."""
    return images[..., None].astype(np.float32) / np.float32(255)


def as_bytes(images: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Undo ``scaled``: return uint8 [N, 28, 28] of float32 [N, 28, 28, 1] in 0..1."""
    return np.rint(images[..., 0] * 255).astype(np.uint8)
