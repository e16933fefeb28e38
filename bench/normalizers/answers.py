"""The recipes by their names in ``bench.normalizers.recipes``.

Each takes a model, and returns a function from a picture's file to its digit, -1 for none or several. A library is imported
by its recipe, in an environment that has it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from bench.robustness.measure import digit_of
from digit_infer import Predictor
from digit_infer.image import decode

if TYPE_CHECKING:
    from digit_infer.image.grey import Grey

Answer: TypeAlias = Callable[[Path], int]

_ONE_DIGIT = "--psm 10 -c tessedit_char_whitelist=0123456789"


def ours(model: str) -> Answer:
    """Call ``Predictor.predict``, which includes the ink network."""
    predict = Predictor(model).predict
    return lambda path: digit_of(predict(path))


def opencv_otsu(model: str) -> Answer:
    """Use OpenCV with a global threshold."""
    from bench.normalizers.by_opencv import otsu

    return _classified(otsu, model)


def opencv_adaptive(model: str) -> Answer:
    """Use OpenCV with an adaptive threshold."""
    from bench.normalizers.by_opencv import adaptive

    return _classified(adaptive, model)


def scikit_image(model: str) -> Answer:
    """Use scikit-image with Sauvola's threshold."""
    from bench.normalizers.by_scikit_image import normalize

    return _classified(normalize, model)


def rapidocr(_: str) -> Answer:
    """Use PaddleOCR's networks on ONNX Runtime, without text detection, which misses single digits."""
    from rapidocr import RapidOCR

    read = RapidOCR()

    def answer(path: Path) -> int:
        found = read(str(path), use_det=False, use_cls=False, use_rec=True)
        return only_digit("".join(found.txts or ()))

    return answer


def tesseract(_: str) -> Answer:
    """Use Debian's Tesseract for one character, digits only; pytesseract starts a process per call."""
    from PIL import Image
    from pytesseract import image_to_string

    def answer(path: Path) -> int:
        with Image.open(path) as picture:  # pytesseract opens fewer formats than Pillow
            return only_digit(image_to_string(picture.convert("RGB"), config=_ONE_DIGIT))

    return answer


def only_digit(text: str) -> int:
    """Return the only digit in a text, -1 if there is none or several; other characters are ignored."""
    digits = [letter for letter in text if letter in "0123456789"]
    return int(digits[0]) if len(digits) == 1 else -1


def _classified(normalize: Callable[[Grey], Grey], model: str) -> Answer:
    """Put a recipe between our decoder and our network; ``normalize`` maps uint8 [H, W] to uint8 [28, 28]."""
    predict_array = Predictor(model).predict_array

    def answer(path: Path) -> int:
        image = normalize(decode(path))
        return int(predict_array(image[None])[0].argmax()) if image.any() else -1

    return answer
