"""The pictures that integer quantization takes its ranges from: training images, or the user's own; the same for a seed."""

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
    return drawn(dataset.load("train").images, count, seed)


def drawn(images: Images, count: int = COUNT, seed: int = SEED) -> Images:
    """Draw images without replacement; all of them, in their order, where there are no more than ``count``."""
    if len(images) <= count:
        return images
    return images[np.random.default_rng(seed).choice(len(images), count, replace=False)]


def reaching_full_ink(images: Images) -> Images:
    """Bring the brightest image, uint8 [N, 28, 28], to 255, so that ranges taken from the images are those of bytes."""
    brightest = int(images.max(axis=(1, 2)).argmax())
    top = int(images[brightest].max())
    if top in (0, 255):
        return images
    copy = images.copy()
    copy[brightest] = np.rint(images[brightest] * (255 / top)).astype(np.uint8)
    return copy
