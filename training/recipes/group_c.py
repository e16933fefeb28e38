"""Group C: the three classics, as Keras models of tutorials first written in low-level TensorFlow.

Each keeps the best model so far by its loss on the first 5,000 training images and evaluates that one.
"""

from dataclasses import replace
from typing import Any

from training.layers import FLATTEN, POOL, classes, constant, conv, dense, dropout, normal
from training.recipe import Part, Published, Recipe
from training.sweep import Point, Sweep

_START: dict[str, Any] = {"kernel_initializer": normal(0.1), "bias_initializer": constant(0.1)}

SOFTMAX_REGRESSION = Recipe(
    name="softmax_regression",
    group="C",
    network=(FLATTEN, classes(kernel_initializer="zeros")),
    parameters=7_850,
    optimizer=Part("SGD", {"learning_rate": 0.5}),
    batch_size=100,
    epochs=18,
    validation="first 5,000 of train",
    keeps="best validation loss",
    claim=Published(0.9194, None, "notebooks, group C: best checkpoint (low-level TensorFlow: 0.9192)"),
)

MLP_512 = Recipe(
    name="mlp_512",
    group="C",
    network=(FLATTEN, dense(512, **_START), classes(**_START)),
    parameters=407_050,
    optimizer=Part("Adam", {"learning_rate": 1e-4}),
    batch_size=50,
    epochs=18,
    validation="first 5,000 of train",
    keeps="best validation loss",
    claim=Published(0.9781, None, "notebooks, group C: best checkpoint (low-level TensorFlow: 0.9779)"),
)

LENET = Recipe(
    name="lenet",
    group="C",
    network=(
        conv(32, 5, padding="same", **_START),
        POOL,
        conv(64, 5, padding="same", **_START),
        POOL,
        FLATTEN,
        dense(1024, **_START),
        dropout(0.5),
        classes(**_START),
    ),
    parameters=3_274_634,
    optimizer=Part("Adam", {"learning_rate": 1e-4}),
    batch_size=50,
    epochs=18,
    validation="first 5,000 of train",
    keeps="best validation loss",
    claim=Published(0.9910, None, "notebooks, group C: best checkpoint (low-level TensorFlow, 20,000 steps: 0.9925)"),
)

SOFTMAX_RATES = Sweep(
    name="softmax_regression_rates",
    varies="learning rate",
    points=tuple(
        Point(
            rate,
            replace(
                SOFTMAX_REGRESSION,
                name=f"softmax_regression_rate_{rate:g}",
                optimizer=Part("SGD", {"learning_rate": rate}),
            ),
        )
        for rate in (0.01, 0.03, 0.1)
    ),
    replicates=3,
)
"""The published figure lies below every seed: would a smaller learning rate explain it?"""

SWEEPS = (SOFTMAX_RATES,)
RECIPES = (SOFTMAX_REGRESSION, MLP_512, LENET)
ROWS = tuple(recipe.name for recipe in RECIPES)
