"""Learning rates as functions of what the run has seen so far, so that a resumed run finds the same ones."""

from collections.abc import Sequence

from training.recipe import Plateau

_LEAST_IMPROVEMENT = 1e-4


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
