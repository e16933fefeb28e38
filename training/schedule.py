"""Learning rates as functions of the history, so that a resumed run has the same ones."""

import math
from collections.abc import Sequence

from training.recipe import Plateau, Recipe

_LEAST_IMPROVEMENT = 1e-4


def learning_rate(recipe: Recipe, val_losses: Sequence[float]) -> float:
    """Return the learning rate of the epoch that follows those with these validation losses."""
    start = float(recipe.optimizer.settings["learning_rate"])
    if recipe.plateau is not None:
        return rate_after_plateaus(recipe.plateau, start, val_losses)
    if recipe.decay == "cosine":
        return half_cosine(start, len(val_losses), recipe.epochs)
    return start


def half_cosine(start: float, done: int, epochs: int) -> float:
    """Fall from ``start`` towards 0 along half a cosine (Loshchilov and Hutter 2017, without restarts), an epoch a step."""
    return start * (1 + math.cos(math.pi * done / epochs)) / 2


def rate_after_plateaus(plateau: Plateau, start: float, val_losses: Sequence[float]) -> float:
    """Return the learning rate of the next epoch, as ``keras.callbacks.ReduceLROnPlateau`` would have set it."""
    rate, best, waited = start, float("inf"), 0
    for loss in val_losses:
        if loss < best - _LEAST_IMPROVEMENT:
            best, waited = loss, 0
            continue
        waited += 1
        if waited >= plateau.patience:
            rate, waited = rate * plateau.factor, 0
    return rate
