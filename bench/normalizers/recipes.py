"""The recipes: what each is called, how a user would say it, and where it runs."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

Answer: TypeAlias = Callable[[Path], int]
"""A picture's file -> the digit that it shows, -1 where none is found, or several"""


@dataclass(frozen=True)
class Recipe:
    """A way from a picture's file to a digit.

    ``environment`` is one of ``bench.peers.environments``, ``package`` what pip installs for it there. ``module`` is in
    this folder; its ``opened`` loads everything for a model of the zoo, and returns what answers.
    """

    name: str
    written: str
    environment: str
    package: str
    module: str

    def load(self, model: str) -> Answer:
        """Import it, with its library, and return what answers."""
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
    """Return the digit of a text that has one and no other, -1 otherwise; what is no digit is left out."""
    digits = [letter for letter in text if letter in "0123456789"]
    return int(digits[0]) if len(digits) == 1 else -1
