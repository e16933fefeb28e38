"""Builds the Keras objects that a recipe declares, on whichever backend Keras runs."""

from __future__ import annotations

import math
from typing import Any

import keras

from digit_infer.errors import TrainingError
from training.recipe import Part, Recipe


def build(recipe: Recipe) -> keras.Model:
    """Return the compiled model of a recipe: float32 [N, 28, 28, 1] in 0..1 -> probabilities float32 [N, 10].

    Raises:
        TrainingError: its parameters are not as many as were published.
    """
    model = keras.Sequential(
        [keras.Input((28, 28, 1), name="image"), *(_layer(part) for part in recipe.network)], name=recipe.name
    )
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
    model.compile(
        optimizer=getattr(keras.optimizers, recipe.optimizer.kind)(**recipe.optimizer.settings),
        loss="sparse_categorical_crossentropy" if recipe.regime is None else "categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def _layer(part: Part) -> keras.Layer:
    settings = {name: _setting(value) for name, value in part.settings.items()}
    return getattr(keras.layers, part.kind)(**settings)


def _setting(value: Any) -> Any:
    """Build an initialiser or a regulariser; numbers and names pass as they are."""
    if not isinstance(value, Part):
        return value
    family = keras.regularizers if hasattr(keras.regularizers, value.kind) else keras.initializers
    return getattr(family, value.kind)(**value.settings)
