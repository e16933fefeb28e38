"""Group E: three small architectures of an observation table, validated on the test set."""

from training.layers import BATCH_NORM, FLATTEN, POOL, POOL_SAME, classes, conv, dense, dropout
from training.recipe import Part, Published, Recipe

_ADAM = Part("Adam", {"learning_rate": 1e-3})

CNN_ARCH1 = Recipe(
    name="cnn_arch1",
    group="E",
    network=(
        conv(20, 3),
        conv(10, 3),
        conv(20, 2),
        POOL,
        dropout(0.5),
        BATCH_NORM,
        conv(5, 3),
        conv(10, 2),
        dropout(0.5),
        FLATTEN,
        dense(100),
        classes(),
    ),
    parameters=69_135,
    frozen_parameters=40,
    optimizer=_ADAM,
    batch_size=128,
    epochs=12,
    validation="test",
    keeps="last epoch",
    claim=Published(0.9903, 0.0281, "notebooks, group E"),
)

CNN_ARCH2 = Recipe(
    name="cnn_arch2",
    group="E",
    network=(
        conv(5, 3, padding="same"),
        POOL_SAME,
        conv(10, 3, padding="same"),
        POOL_SAME,
        conv(5, 3, padding="same"),
        POOL_SAME,
        FLATTEN,
        dense(100),
        classes(),
    ),
    parameters=10_075,
    optimizer=_ADAM,
    batch_size=200,
    epochs=10,
    validation="test",
    keeps="last epoch",
    claim=Published(0.9751, 0.0717, "notebooks, group E"),
)

CNN_ARCH3 = Recipe(
    name="cnn_arch3",
    group="E",
    network=(
        conv(5, 3, strides=2, padding="same"),
        POOL_SAME,
        dropout(0.5),
        conv(10, 3, strides=2, padding="same"),
        POOL_SAME,
        dropout(0.5),
        conv(5, 3, strides=2, padding="same"),
        POOL_SAME,
        BATCH_NORM,
        dropout(0.5),
        FLATTEN,
        BATCH_NORM,
        dropout(0.5),
        dense(100),
        classes(),
    ),
    parameters=2_615,
    frozen_parameters=20,
    optimizer=_ADAM,
    batch_size=200,
    epochs=15,
    validation="test",
    keeps="last epoch",
    claim=Published(0.3115, 1.635, "notebooks, group E; over-regularised: it fails"),
)

RECIPES = (CNN_ARCH1, CNN_ARCH2, CNN_ARCH3)
ROWS = tuple(recipe.name for recipe in RECIPES)
