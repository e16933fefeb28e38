"""Group A: a shallow and a deep convolutional network, each without and with augmentation, validated on the test set."""

from dataclasses import replace

from training.layers import FLATTEN, POOL, classes, conv, dense
from training.recipe import Augmentation, Part, Published, Recipe

_ADAM = Part("Adam", {"learning_rate": 1e-3})

SHALLOW_CNN = Recipe(
    name="shallow_cnn",
    group="A",
    network=(conv(32, 3), POOL, conv(64, 3), POOL, conv(128, 3), FLATTEN, dense(64), classes()),
    parameters=167_114,
    optimizer=_ADAM,
    batch_size=32,
    epochs=10,
    validation="test",
    keeps="last epoch",
    claim=Published(0.9915, 0.0301, "notebooks, group A"),
)

DEEP_CNN = Recipe(
    name="deep_cnn",
    group="A",
    network=(
        conv(32, 2),
        conv(64, 2),
        POOL,
        conv(128, 2),
        conv(128, 2),
        POOL,
        conv(256, 2),
        conv(256, 2),
        conv(256, 2),
        FLATTEN,
        dense(64),
        classes(),
    ),
    parameters=829_354,
    optimizer=_ADAM,
    batch_size=32,
    epochs=10,
    validation="test",
    keeps="last epoch",
    claim=Published(0.9920, 0.0372, "notebooks, group A"),
)

_AUGMENTATION = Augmentation(rotation_degrees=15, shift=0.2, zoom=0.2, shear_degrees=0.2)

SHALLOW_CNN_AUG = replace(
    SHALLOW_CNN,
    name="shallow_cnn_aug",
    augmentation=_AUGMENTATION,
    claim=Published(0.9919, 0.0267, "notebooks, group A"),
)

DEEP_CNN_AUG = replace(
    DEEP_CNN,
    name="deep_cnn_aug",
    augmentation=_AUGMENTATION,
    claim=Published(0.9924, 0.0250, "notebooks, group A"),
)

RECIPES = (SHALLOW_CNN, DEEP_CNN, SHALLOW_CNN_AUG, DEEP_CNN_AUG)
ROWS = tuple(recipe.name for recipe in RECIPES)
