"""Asks a file that need not pass any proof."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from digit_infer.predictor import Predictor

if TYPE_CHECKING:
    from digit_infer.contract import Format, Images, Probabilities


def answers_of(content: bytes, model_format: Format, images: Images) -> Probabilities:
    """Return what a file of these bytes answers to uint8 [N, 28, 28]: float32 [N, 10]."""
    with TemporaryDirectory() as folder:
        path = Path(folder, f"studied.{model_format}")
        path.write_bytes(content)
        with Predictor(path) as predictor:
            return predictor.predict_array(images)
