"""Shared by recipes that convert pictures to MNIST's form: our decoder before, our network after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digit_infer import Predictor
from digit_infer.image import decode

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bench.normalizers.recipes import Answer
    from digit_infer.image.decode import Grey


def classified(normalize: Callable[[Grey], Grey], model: str) -> Answer:
    """Return a function from a picture's file to its digit; ``normalize`` maps uint8 [H, W] to uint8 [28, 28]."""
    predict_array = Predictor(model).predict_array

    def answer(path: Path) -> int:
        image = normalize(decode(path))
        return int(predict_array(image[None])[0].argmax()) if image.any() else -1

    return answer
