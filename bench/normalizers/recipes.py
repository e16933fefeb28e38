"""The recipes: name, description and environment of each."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

Answer: TypeAlias = Callable[[Path], int]
"""Picture file -> digit, -1 for none or several."""


@dataclass(frozen=True)
class Recipe:
    """A way from a picture's file to a digit.

    ``environment`` is one of ``bench.peers.environments``, ``package`` the pip package in it. ``module`` is in this folder;
    its ``opened(model)`` loads everything and returns the answering function.
    """

    name: str
    written: str
    environment: str
    package: str
    module: str

    def load(self, model: str) -> Answer:
        """Import the module with its library, and return the answering function."""
        answer: Answer = importlib.import_module(f"bench.normalizers.{self.module}").opened(model)
        return answer


OURS = Recipe("ours", "`Predictor.predict`", "onnxruntime", "digit-infer", "by_ours")
_OPENCV, _SCIKIT_IMAGE = ("opencv", "opencv-python-headless"), ("scikit_image", "scikit-image")
RECIPES: Mapping[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        OURS,
        Recipe("opencv_otsu", "OpenCV: median, Otsu, pieces, moments", *_OPENCV, "by_opencv_otsu"),
        Recipe("opencv_adaptive", "OpenCV: the same, `adaptiveThreshold`", *_OPENCV, "by_opencv_adaptive"),
        Recipe("scikit_image", "scikit-image: median, Sauvola, `regionprops`", *_SCIKIT_IMAGE, "by_scikit_image"),
        Recipe("rapidocr", "RapidOCR, its reader of lines alone", "rapidocr", "rapidocr", "by_rapidocr"),
        Recipe("tesseract", "Tesseract, one character, digits only", "tesseract", "pytesseract", "by_tesseract"),
    )
}


def only_digit(text: str) -> int:
    """Return the only digit in a text, -1 if there is none or several; other characters are ignored."""
    digits = [letter for letter in text if letter in "0123456789"]
    return int(digits[0]) if len(digits) == 1 else -1
