"""The training data of each epoch of the ink network: drawn pictures, rotated, mirrored and inverted at random."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from typing import TYPE_CHECKING

import numpy as np

from digit_infer.parallel import usable_cpus
from training.ink.pictures import pictures
from training.ink.writing import Hands

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.ink.pictures import Pictures

    Values = NDArray[np.float32]
    """Pictures float32 [N, 128, 128, 1], or their ink [N, 128, 128], in 0..1"""

_POOL_SEED = 20_261_129
_HELD_OUT_SEED = 20_261_130
_CHUNK = 1_000
"""Pictures per task of a process; each task has its own random seed, so the number of CPUs does not matter."""

HELD_OUT = 1_000
"""Number of drawn pictures that are not used in training."""


class InkEpochs:
    """Epochs over a pool of drawn pictures, which is the same for all random seeds."""

    def __init__(self, pool: int, an_epoch: int) -> None:
        """Draw ``pool`` pictures, of which each epoch has ``an_epoch``."""
        self._grey, self._ink = drawn(pool, _POOL_SEED)
        self._an_epoch = an_epoch

    def __len__(self) -> int:
        return self._an_epoch

    def epoch(self, seed: int, number: int) -> tuple[Values, Values]:
        """Return the pictures and the ink of an epoch, in its order."""
        draw = np.random.default_rng((seed, number, 4))
        chosen = draw.permutation(len(self._grey))[: self._an_epoch]
        grey, ink = self._grey[chosen], self._ink[chosen]
        ways = draw.integers(0, 8, len(chosen))
        for way in range(1, 8):
            where = np.flatnonzero(ways == way)
            for pixels in (grey, ink):
                turned = np.rot90(pixels[where], way % 4, (1, 2))
                pixels[where] = turned[:, :, ::-1] if way >= 4 else turned
        inverted = draw.random(len(chosen)) < 0.5
        grey[inverted] = 255 - grey[inverted]
        return scaled(grey)[..., None], scaled(ink)


def held_out(count: int = HELD_OUT) -> tuple[Pictures, Pictures]:
    """Return held-out drawn pictures and their ink: two arrays uint8 [count, 128, 128]."""
    return drawn(count, _HELD_OUT_SEED)


def scaled(pixels: Pictures) -> Values:
    """Scale bytes to 0..1."""
    return pixels.astype(np.float32) / np.float32(255)


def drawn(count: int, seed: int) -> tuple[Pictures, Pictures]:
    """Draw pictures in as many processes as there are CPUs: two arrays uint8 [count, 128, 128]."""
    sizes = [min(_CHUNK, count - start) for start in range(0, count, _CHUNK)]
    with ProcessPoolExecutor(usable_cpus(), get_context("spawn")) as workers:
        parts = list(workers.map(_chunk, sizes, [seed] * len(sizes), range(len(sizes))))
    grey, ink = (np.concatenate(side) for side in zip(*parts, strict=True))
    return grey, ink


def _chunk(count: int, seed: int, number: int) -> tuple[Pictures, Pictures]:
    return pictures(count, _hands(), np.random.default_rng((seed, number)))


@cache
def _hands() -> Hands:
    return Hands()
