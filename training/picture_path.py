"""Digits as the picture path normalises them: drawn on training pictures, and located by ``Predictor``.

An image that resembles the drawn digit becomes an example of that digit. An image from a picture without a digit, such as a
piece of a frame, a word or a shadow, becomes an example of none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFilter

from digit_infer import Predictor
from digit_infer.contract import INK_SIDE
from digit_infer.prediction import Prediction
from training.ink.pictures import photographed, scene

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Images = NDArray[np.uint8]
    Labels = NDArray[np.uint8]

ALIKE = 0.8
"""The least correlation of an image with the digit that was drawn."""

_SIZES_PX = (22, 112)


def found_again(images: Images, labels: Labels, model: str, draw: np.random.Generator) -> tuple[Images, Labels]:
    """Draw digits uint8 [N, 28, 28] on pictures, locate them, and return those that are found, with their labels.

    ``model`` is the classifier with which ``Predictor`` chooses between the plain and the network look.
    """
    found = _located((_picture(image, draw) for image in images), model)
    kept = [
        number
        for number, answer in enumerate(found)
        if answer is not None and float(_shape(images[number]) @ _shape(answer)) >= ALIKE
    ]
    return np.stack([found[number] for number in kept]), labels[kept]  # type: ignore[misc]  # none of them is None


def found_without(count: int, model: str, draw: np.random.Generator) -> Images:
    """Return what is located on up to ``count`` pictures without handwriting: uint8 [N, 28, 28]."""
    return np.stack([answer for answer in _located((_bare(draw) for _ in range(count)), model) if answer is not None])


def _located(pictures: Iterable[Images], model: str) -> list[NDArray[np.uint8] | None]:
    """Return the image that ``Predictor`` locates on each picture uint8 [H, W], or None without ink."""
    with Predictor(model) as predictor:
        answers = predictor.predict_many(Image.fromarray(picture) for picture in pictures)
        return [each.image if isinstance(each, Prediction) and each.image.any() else None for each in answers]


def _picture(image: NDArray[np.uint8], draw: np.random.Generator) -> Images:
    """Draw a digit at a random place of a training picture of the ink network: uint8 [128, 128]."""
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    digit = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = np.exp(draw.uniform(*np.log(_SIZES_PX))) / max(digit.shape)
    width, height = (max(2, round(length * scale)) for length in digit.shape[::-1])
    large = np.asarray(Image.fromarray(digit).resize((width, height), Image.Resampling.BICUBIC), np.float32) / 255
    ink = np.zeros((INK_SIDE, INK_SIDE), np.float32)
    top, left = (int(draw.integers(INK_SIDE - length + 1)) for length in (height, width))
    ink[top : top + height, left : left + width] = np.clip((large - 0.4) * draw.uniform(1.5, 6) + 0.5, 0, 1)
    return photographed(scene(ink, (left, top, left + width, top + height), draw), draw)


def _bare(draw: np.random.Generator) -> Images:
    """Draw a picture like the others without the digit."""
    size = np.exp(draw.uniform(*np.log(_SIZES_PX)))
    left, top = draw.uniform(0, INK_SIDE - size, 2)
    return photographed(scene(np.zeros((INK_SIDE, INK_SIDE), np.float32), (left, top, left + size, top + size), draw), draw)


def _shape(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    blurred = np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(1.5)), np.float64).ravel()
    centred = blurred - blurred.mean()
    shape: NDArray[np.float64] = centred / max(float(np.linalg.norm(centred)), 1e-9)
    return shape
