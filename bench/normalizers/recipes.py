"""The recipes: name, description and environment of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """A way from a picture's file to a digit: a function of ``bench.normalizers.answers``, and how a user writes it.

    ``environment`` is one of ``bench.peers.environments``, ``package`` the pip package in it.
    """

    name: str
    written: str
    environment: str
    package: str


OURS = Recipe("ours", "`Predictor.predict`", "onnxruntime", "digit-infer")
_OPENCV, _SCIKIT_IMAGE = ("opencv", "opencv-python-headless"), ("scikit_image", "scikit-image")
RECIPES: Mapping[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        OURS,
        Recipe("opencv_otsu", "OpenCV: median, Otsu, pieces, moments", *_OPENCV),
        Recipe("opencv_adaptive", "OpenCV: the same, `adaptiveThreshold`", *_OPENCV),
        Recipe("scikit_image", "scikit-image: median, Sauvola, `regionprops`", *_SCIKIT_IMAGE),
        Recipe("rapidocr", "RapidOCR, its reader of lines alone", "rapidocr", "rapidocr"),
        Recipe("tesseract", "Tesseract, one character, digits only", "tesseract", "pytesseract"),
    )
}
