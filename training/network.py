"""Builds the Keras objects that a recipe declares, on whichever backend Keras runs."""

from __future__ import annotations

import math
from typing import Any

import keras

from training.batch_norm import FusedBatchNormalization
from training.errors import TrainingError
from training.ink.network import InkLoss, ink_network
from training.recipe import Part, Precision, Recipe


def build(recipe: Recipe) -> keras.Model:
    """Return the compiled model of a recipe: float32 [N, 28, 28, 1] in 0..1 -> probabilities float32 [N, 10].

    The ink network takes [N, 128, 128, 1] and gives the share of ink in each pixel, [N, 128, 128].

    Raises:
        TrainingError: its parameters are not as many as were published.
    """
    model = uncompiled(recipe)
    if model.count_params() != recipe.parameters:
        raise TrainingError(
            f"{recipe.name} has {model.count_params():,} parameters, not the published {recipe.parameters:,}",
            "correct the recipe",
        )
    frozen = sum(math.prod(weight.shape) for weight in model.non_trainable_weights)
    if frozen != recipe.frozen_parameters:
        raise TrainingError(
            f"{frozen:,} of {recipe.name}'s parameters are frozen, not {recipe.frozen_parameters:,}", "correct the recipe"
        )
    optimizer = getattr(keras.optimizers, recipe.optimizer.kind)(**recipe.optimizer.settings)
    if recipe.drawn:
        model.compile(optimizer, InkLoss(), metrics=[keras.metrics.BinaryAccuracy("accuracy")])
    else:
        loss = "sparse_categorical_crossentropy" if recipe.regime is None else "categorical_crossentropy"
        model.compile(optimizer, loss, metrics=["accuracy"])
    return model


def uncompiled(recipe: Recipe) -> keras.Model:
    """Return the network of a recipe without what it takes to train it."""
    return _ink_network(recipe) if recipe.drawn else _chain(recipe)


def _chain(recipe: Recipe) -> keras.Model:
    *hidden, last = recipe.network
    layers = [*(_layer(part, recipe.precision) for part in hidden), _layer(last, "float32")]
    return keras.Sequential([keras.Input((28, 28, 1), name="image"), *layers], name=recipe.name)


def _ink_network(recipe: Recipe) -> keras.Model:
    [part] = recipe.network
    return ink_network(part.settings["widths"], recipe.name)


def _layer(part: Part, precision: Precision) -> keras.Layer:
    settings = {name: _setting(value) for name, value in part.settings.items()}
    if precision == "float32":
        return getattr(keras.layers, part.kind)(**settings)
    kind = FusedBatchNormalization if part.kind == "BatchNormalization" else getattr(keras.layers, part.kind)
    return kind(**settings, dtype=f"mixed_{precision}")


def _setting(value: Any) -> Any:
    """Build an initialiser or a regulariser; numbers and names pass as they are."""
    if not isinstance(value, Part):
        return value
    family = keras.regularizers if hasattr(keras.regularizers, value.kind) else keras.initializers
    return getattr(family, value.kind)(**value.settings)
