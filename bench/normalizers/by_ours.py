"""Ours: the whole of ``Predictor.predict``, the ink network included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.robustness.measure import digit_of
from digit_infer import Predictor

if TYPE_CHECKING:
    from pathlib import Path

    from bench.normalizers.recipes import Answer


def opened(model: str) -> Answer:
    """Return what answers a picture's file, -1 where it sees none or several."""
    predict = Predictor(model).predict

    def answer(path: Path) -> int:
        return digit_of(predict(path))

    return answer
