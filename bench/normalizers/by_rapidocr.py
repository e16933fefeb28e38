"""RapidOCR: PaddleOCR's networks on ONNX Runtime, which its wheel brings along. It reads lines of print and of hands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.normalizers.recipes import only_digit

if TYPE_CHECKING:
    from pathlib import Path

    from bench.normalizers.recipes import Answer


def opened(model: str) -> Answer:
    """Return what answers a picture's file: its reader alone, since its finder of lines misses most single digits."""
    del model  # it brings its own
    from rapidocr import RapidOCR

    read = RapidOCR()

    def answer(path: Path) -> int:
        found = read(str(path), use_det=False, use_cls=False, use_rec=True)
        return only_digit("".join(found.txts or ()))

    return answer
