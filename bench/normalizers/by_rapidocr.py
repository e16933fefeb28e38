"""RapidOCR: PaddleOCR's networks on ONNX Runtime, bundled in its wheel; it reads lines of print and handwriting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.normalizers.recipes import only_digit

if TYPE_CHECKING:
    from pathlib import Path

    from bench.normalizers.recipes import Answer


def opened(model: str) -> Answer:
    """Return the function that maps a picture's file to its digit; text detection is off, since it misses single digits."""
    del model  # it has its own model
    from rapidocr import RapidOCR

    read = RapidOCR()

    def answer(path: Path) -> int:
        found = read(str(path), use_det=False, use_cls=False, use_rec=True)
        return only_digit("".join(found.txts or ()))

    return answer
