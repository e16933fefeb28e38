"""How a network wants its pixels: the steps between the contract's bytes and the values that it was trained on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from digit_infer.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.contract import Images


@dataclass(frozen=True)
class Preprocessing:
    """value = (byte / 255 × scale - mean) / std, as Keras and torchvision users write it.

    ``scale`` is the largest value of a pixel before it is standardised, ``mean`` and ``std`` are in units of those values.
    ``inverted`` is for a network that was trained on dark ink: the byte becomes 255 - byte first.

    Raises:
        UsageError: a number is not finite, or ``scale`` or ``std`` is not above 0.
    """

    scale: float = 1.0
    mean: float = 0.0
    std: float = 1.0
    inverted: bool = False

    def __post_init__(self) -> None:
        for name in ("scale", "mean", "std"):
            if not math.isfinite(getattr(self, name)):
                raise UsageError(f"--{name} {getattr(self, name)} is no number to compute with", "pass a finite one")
        for name in ("scale", "std"):
            if getattr(self, name) <= 0:
                raise UsageError(
                    f"--{name} {getattr(self, name):g} is not above 0", "pass what the network was trained with"
                )

    @property
    def factor(self) -> float:
        """What a pixel in 0..1, 1 = ink, is multiplied by."""
        return (-self.scale if self.inverted else self.scale) / self.std

    @property
    def offset(self) -> float:
        """What is added then."""
        return ((self.scale if self.inverted else 0.0) - self.mean) / self.std

    def values(self, images: Images) -> NDArray[np.float32]:
        """Turn uint8 images into what the network was trained on, step by step: float32 of the same shape."""
        pixels = (255 - images if self.inverted else images).astype(np.float64) / 255
        return ((pixels * self.scale - self.mean) / self.std).astype(np.float32)

    def __str__(self) -> str:
        """Say what it makes of pixels."""
        scaled = f"pixels in 0..{self.scale:g}" + (", dark ink on light ground" if self.inverted else "")
        return scaled if (self.mean, self.std) == (0, 1) else f"{scaled}, mean {self.mean:g}, std {self.std:g}"

    @property
    def table(self) -> NDArray[np.float32]:
        """What each of the 256 bytes becomes: float32 [256]."""
        return self.values(np.arange(256, dtype=np.uint8))

    @property
    def options(self) -> str:
        """The words of the command line that ask for it."""
        numbers = {"scale": (self.scale, 1), "mean": (self.mean, 0), "std": (self.std, 1)}
        words = [f"--{name} {value:g}" for name, (value, usual) in numbers.items() if value != usual]
        return " ".join([*words, "--invert"] if self.inverted else words) or "none of these options"
