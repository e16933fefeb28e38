"""Evaluates an ink network on held-out drawn pictures."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from training.ink.epochs import held_out, scaled

if TYPE_CHECKING:
    import keras

_BATCH = 50
_HALF = 128


@dataclass(frozen=True)
class InkEvaluation:
    """Results of a network on held-out pictures.

    ``dice`` is the mean Dice coefficient of marked ink and ink over the pictures with ink; ``false_ink`` is the mean share
    of a picture that is marked, over the ``without_ink`` pictures without ink.
    """

    pictures: int
    dice: float
    without_ink: int
    false_ink: float

    def document(self) -> dict[str, Any]:
        """Return the entry of the record."""
        return asdict(self)

    def __str__(self) -> str:
        return f"Dice {self.dice:.4f} on {self.pictures:,} held-out drawn pictures"


def evaluate_ink(model: keras.Model) -> InkEvaluation:
    """Run a network over the held-out pictures."""
    grey, ink = held_out()
    marked = np.concatenate(
        [
            model.predict(scaled(grey[start : start + _BATCH])[..., None], verbose=0) >= 0.5
            for start in range(0, len(grey), _BATCH)
        ]
    )
    known = ink >= _HALF
    both, either = (marked & known).sum((1, 2)), marked.sum((1, 2)) + known.sum((1, 2))
    some = known.any((1, 2))
    return InkEvaluation(
        pictures=len(grey),
        dice=float((2 * both[some] / either[some]).mean()),
        without_ink=int((~some).sum()),
        false_ink=float(marked[~some].mean()) if (~some).any() else 0.0,
    )
