"""A corrupted MNIST: seven corruptions of the test images at three strengths, reproducible.

In the manner of D. Hendrycks and T. Dietterich, Benchmarking neural network robustness to common corruptions, 2019, and of
MNIST-C (N. Mu and J. Gilmer 2019), but our own: images are corrupted in the form that the network sees.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from PIL import Image, ImageFilter

if TYPE_CHECKING:
    from digit_infer.contract import Images

    Draw = np.random.Generator

Corruption: TypeAlias = "Callable[[Images, int, Draw], Images]"
"""Images uint8 [N, 28, 28], a strength of 0 to 2 and a random generator -> uint8 [N, 28, 28]"""

STRENGTHS = ("weak", "medium", "strong")
_SEED = 28


def corrupted(images: Images, kind: str, strength: int) -> Images:
    """Return uint8 [N, 28, 28] with one corruption, at a strength of 0 to 2."""
    return CORRUPTIONS[kind](images, strength, np.random.default_rng((_SEED, list(CORRUPTIONS).index(kind), strength)))


def _blur(images: Images, strength: int, _: Draw) -> Images:
    """Gaussian blur of 0.8, 1.2 or 1.6 pixels."""
    kernel = ImageFilter.GaussianBlur((0.8, 1.2, 1.6)[strength])
    return _each(images, lambda image, _: image.filter(kernel))


def _noise(images: Images, strength: int, draw: Draw) -> Images:
    """Additive normal noise with a deviation of 40, 70 or 100 grey levels."""
    return _bytes(images + draw.normal(0, (40, 70, 100)[strength], images.shape))


def _brightness(images: Images, strength: int, _: Draw) -> Images:
    """Increase all grey levels by 40, 80 or 120, clipped."""
    return _bytes(images.astype(np.float32) + (40, 80, 120)[strength])


def _rotation(images: Images, strength: int, draw: Draw) -> Images:
    """Rotate by 15, 25 or 35 degrees, clockwise or anticlockwise."""
    angles = (15, 25, 35)[strength] * draw.choice([-1, 1], len(images))
    return _each(images, lambda image, number: image.rotate(float(angles[number]), Image.Resampling.BILINEAR))


def _shear(images: Images, strength: int, draw: Draw) -> Images:
    """Shear by 0.3, 0.5 or 0.7 pixels per row, to either side."""
    slopes = (0.3, 0.5, 0.7)[strength] * draw.choice([-1, 1], len(images))

    def lean(image: Image.Image, number: int) -> Image.Image:
        slope = float(slopes[number])
        matrix = (1, slope, -slope * (image.height - 1) / 2, 0, 1, 0)
        return image.transform(image.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)

    return _each(images, lean)


def _stroke(images: Images, strength: int, draw: Draw) -> Images:
    """Thicken half of the digits by one, two or three pixels, and thin the others by a fraction of one."""
    thicker = draw.random(len(images)) < 0.5
    share = (0.5, 0.75, 0.9)[strength]

    def redraw(image: Image.Image, number: int) -> Image.Image:
        if not thicker[number]:
            return Image.blend(image, image.filter(ImageFilter.MinFilter(3)), share)
        for _ in range(strength + 1):
            image = image.resize((56, 56), Image.Resampling.BILINEAR).filter(ImageFilter.MaxFilter(3)).resize((28, 28))
        return image

    return _each(images, redraw)


def _occlusion(images: Images, strength: int, draw: Draw) -> Images:
    """Blank a square of 5, 8 or 11 pixels at random in the central 20 x 20."""
    side = (5, 8, 11)[strength]
    result = images.copy()
    for image, (top, left) in zip(result, 4 + draw.integers(0, 21 - side, (len(images), 2)), strict=True):
        image[top : top + side, left : left + side] = 0
    return result


def _each(images: Images, change: Callable[[Image.Image, int], Image.Image]) -> Images:
    return np.stack([np.asarray(change(Image.fromarray(image), number)) for number, image in enumerate(images)])


def _bytes(values: np.ndarray[tuple[int, ...], np.dtype[np.floating]]) -> Images:
    result: Images = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return result


CORRUPTIONS: dict[str, Corruption] = {
    "blur": _blur,
    "noise": _noise,
    "brightness": _brightness,
    "rotation": _rotation,
    "shear": _shear,
    "stroke": _stroke,
    "occlusion": _occlusion,
}
