"""How much one wrong pixel changes a probability, before and after the export."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from digit_infer.benchmark.statistics import flips
from digit_infer.contract import SIDE

if TYPE_CHECKING:
    from digit_infer.contract import Images, Probabilities

COUNT = 1_000
_SEED = 0


@dataclass(frozen=True)
class Noise:
    """The effect of a random byte at a random place of each image on its probabilities.

    ``mean_change`` and ``largest_change`` are of the probability that changed most in an image.
    """

    images: int
    mean_change: float
    largest_change: float
    changed_answers: int


def with_a_wrong_pixel(images: Images) -> Images:
    """Return a copy of uint8 [N, 28, 28] in which one random pixel of each image is a random byte; the same for an N."""
    random = np.random.default_rng(_SEED)
    noisy = images.copy()
    rows, columns = random.integers(0, SIDE, (2, len(images)))
    noisy[np.arange(len(images)), rows, columns] = random.integers(0, 256, len(images))
    return noisy


def moved(clean: Probabilities, noisy: Probabilities) -> Noise:
    """Measure the change; both float32 [N, 10]."""
    change = np.abs(noisy.astype(np.float64) - clean).max(axis=1)
    return Noise(len(clean), float(change.mean()), float(change.max()), len(flips(clean, noisy)))
