"""The pictures and the method from which integer quantization gets its ranges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from digit_infer import dataset
from digit_infer.errors import UsageError
from export.errors import ExportError

if TYPE_CHECKING:
    from collections.abc import Callable

    from digit_infer.contract import Images, Precision

Method = Literal["min-max", "percentile", "entropy"]
METHODS: tuple[Method, ...] = get_args(Method)
CALIBRATED: tuple[Precision, ...] = ("int16x8", "int8")
"""The precisions whose activations are integers of fixed ranges."""

SIZE = 500
SEED = 0
TRAINING_IMAGES = 60_000


@dataclass(frozen=True)
class Calibration:
    """The origin of the pictures in words, the function that reads them, and the method that turns values into a range.

    The pictures are read when the first integer file is made.
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
    if not 1 <= size <= TRAINING_IMAGES:
        raise UsageError(f"{size:,} calibration images are too few or too many", f"ask for 1 to {TRAINING_IMAGES:,}")

    return Calibration(
        f"{size} MNIST training images, seed {seed}", lambda: drawn(dataset.load("train").images, size, seed), method
    )


def drawn(images: Images, count: int, seed: int) -> Images:
    """Draw images without replacement; all of them, in their order, where there are no more than ``count``."""
    if len(images) <= count:
        return images
    return images[np.random.default_rng(seed).choice(len(images), count, replace=False)]


def reaching_full_ink(images: Images) -> Images:
    """Scale the brightest of images uint8 [N, 28, 28] to 255, so that the input's range is that of bytes."""
    brightest = int(images.max(axis=(1, 2)).argmax())
    top = int(images[brightest].max())
    if top in (0, 255):
        return images
    copy = images.copy()
    copy[brightest] = np.rint(images[brightest] * (255 / top)).astype(np.uint8)
    return copy
