"""The pictures that integer quantization takes its ranges from, and how it takes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from digit_infer import dataset
from digit_infer.errors import ExportError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from digit_infer.contract import Images, Precision

Method = Literal["min-max", "percentile", "entropy"]
METHODS: tuple[Method, ...] = get_args(Method)
CALIBRATED: tuple[Precision, ...] = ("int16x8", "int8")
"""The precisions whose activations are integers of fixed ranges."""

SIZE = 500
SEED = 0
_TRAINING_IMAGES = 60_000


@dataclass(frozen=True)
class Calibration:
    """Where the pictures come from, in words, what reads them, and the method that turns values into a range.

    The pictures are read when a precision first needs them: floats need none.
    """

    origin: str
    read: Callable[[], Images]
    method: Method = "min-max"

    def images(self) -> Images:
        """Read the pictures: uint8 [N, 28, 28].

        Raises:
            ExportError: they do not reach from 0 to 255, so the range of the input would not be that of the contract.
        """
        images = self.read()
        if not len(images) or images.min() != 0 or images.max() != 255:
            raise ExportError(f"{self.origin} do not reach from ground to full ink", "calibrate with other pictures")
        return images

    def __str__(self) -> str:
        """Return what a file says of it."""
        return f"{self.method} over {self.origin}"


def of_training_images(size: int = SIZE, seed: int = SEED, method: Method = "min-max") -> Calibration:
    """Draw MNIST training images without replacement, the same ones for a seed.

    Raises:
        UsageError: there are not that many.
    """
    if not 1 <= size <= _TRAINING_IMAGES:
        raise UsageError(f"{size:,} calibration images are too few or too many", f"ask for 1 to {_TRAINING_IMAGES:,}")

    def read() -> Images:
        images = dataset.load("train").images
        return images[np.random.default_rng(seed).choice(len(images), size, replace=False)]

    return Calibration(f"{size} MNIST training images, seed {seed}", read, method)
