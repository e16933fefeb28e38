"""Ours: ``Predictor.predict``, including the ink network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.robustness.measure import digit_of
from digit_infer import Predictor

if TYPE_CHECKING:
    from pathlib import Path

    from bench.normalizers.recipes import Answer


def opened(model: str) -> Answer:
    """Return the function that maps a picture's file to its digit, -1 for none or several."""
    predict = Predictor(model).predict

    def answer(path: Path) -> int:
        return digit_of(predict(path))

    return answer
