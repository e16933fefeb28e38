"""The pictures that integer quantization takes its ranges from: training images alone, the same ones for a seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from digit_infer import dataset

if TYPE_CHECKING:
    from digit_infer.contract import Images

COUNT = 500
SEED = 0


def calibration_images(count: int = COUNT, seed: int = SEED) -> Images:
    """Draw training images without replacement: uint8 [count, 28, 28]."""
    images = dataset.load("train").images
    return images[np.random.default_rng(seed).choice(len(images), count, replace=False)]
