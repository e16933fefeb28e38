"""Tesseract of Debian through pytesseract, in single-character mode with digits only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.normalizers.recipes import only_digit

if TYPE_CHECKING:
    from pathlib import Path

    from bench.normalizers.recipes import Answer

_ONE_DIGIT = "--psm 10 -c tessedit_char_whitelist=0123456789"


def opened(model: str) -> Answer:
    """Return the function that maps a picture's file to its digit; pytesseract starts a process per call."""
    del model  # it has its own model
    from PIL import Image
    from pytesseract import image_to_string

    def answer(path: Path) -> int:
        with Image.open(path) as picture:  # pytesseract opens fewer formats than Pillow
            return only_digit(image_to_string(picture.convert("RGB"), config=_ONE_DIGIT))

    return answer
