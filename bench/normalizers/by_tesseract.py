"""Tesseract, as Debian packs it, by pytesseract: told to see one character, and that it is a digit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.normalizers.recipes import only_digit

if TYPE_CHECKING:
    from pathlib import Path

    from bench.normalizers.recipes import Answer

_ONE_DIGIT = "--psm 10 -c tessedit_char_whitelist=0123456789"


def opened(model: str) -> Answer:
    """Return what answers a picture's file: a process of its own, as pytesseract has it."""
    del model  # it brings its own
    from PIL import Image
    from pytesseract import image_to_string

    def answer(path: Path) -> int:
        with Image.open(path) as picture:  # given a path, it would not know some formats that Pillow opens
            return only_digit(image_to_string(picture.convert("RGB"), config=_ONE_DIGIT))

    return answer
