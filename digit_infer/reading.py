"""The result of reading a page: its digits in order, each with its box."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from digit_infer.image.decode import Grey
    from digit_infer.image.mnist_form import Box
    from digit_infer.prediction import Prediction


@dataclass(frozen=True, eq=False)
class ReadDigit:
    """A digit of a page: its box in pixels of ``Reading.grey``, its line, counted from 0, and its prediction."""

    box: Box
    line: int
    prediction: Prediction


@dataclass(frozen=True, eq=False)
class Reading:
    """The digits of a page in reading order.

    Attributes:
        digits: each with its box.
        turned: degrees by which the page was rotated counterclockwise before reading: 0, 90, 180 or 270.
        grey: uint8 [H, W], the page, upright by its EXIF orientation; a side of 2,048 pixels or more is reduced by a whole
            factor. Boxes are in its pixels.
        page: which page or frame of the picture's file was read, from 1.
        pages: how many pages or frames the file has.
    """

    digits: tuple[ReadDigit, ...]
    turned: int
    grey: Grey
    page: int = 1
    pages: int = 1

    @property
    def text(self) -> str:
        """The digits, with one line of text per line of the page."""
        lines: dict[int, str] = {}
        for digit in self.digits:
            lines[digit.line] = lines.get(digit.line, "") + str(digit.prediction.digit)
        return "\n".join(lines.values())

    @property
    def confidence(self) -> float:
        """The mean confidence of the digits, 0 to 1; 0 without digits."""
        return float(np.mean([digit.prediction.confidence for digit in self.digits])) if self.digits else 0.0

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the text, the page with its boxes and the image of each digit."""
        from digit_infer._html import reading_html

        boxes = [(digit.box.left, digit.box.top, digit.box.right, digit.box.bottom) for digit in self.digits]
        return reading_html(self.text, self.grey, boxes, [digit.prediction.image for digit in self.digits])
