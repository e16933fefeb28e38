"""The result of reading a page: its digits in order, each with its box, and what stands between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from digit_infer.image.grey import Grey
    from digit_infer.image.mnist_form import Box
    from digit_infer.prediction import Prediction


@dataclass(frozen=True, eq=False)
class ReadDigit:
    """A digit of a page: its box in pixels of ``Reading.grey``, its line, counted from 0, and its prediction."""

    box: Box
    line: int
    prediction: Prediction


@dataclass(frozen=True)
class Sign:
    """What is no digit: its box in pixels of ``Reading.grey``, its line, and what it is.

    ``text`` is a point, a comma, a slash, a hyphen, a colon, an equals sign or a bracket; "?" for any other sign, mark or
    digit that is not believed; "~" for a word of other writing, as a printed label; " " for a wide gap or an empty cell.
    """

    box: Box
    line: int
    text: str


@dataclass(frozen=True, eq=False)
class Reading:
    """The digits of a page in reading order, and what stands between them.

    Attributes:
        parts: digits, signs and gaps, line by line, each line from left to right.
        turned: degrees by which the page was rotated counterclockwise before reading, 0 to 359.
        grey: uint8 [H, W], the page, upright by its EXIF orientation; a side of 2,048 pixels or more is reduced by a whole
            factor. Boxes are in its pixels, and even numbers where a page was read at a half of its size.
        page: which page or frame of the picture's file was read, from 1.
        pages: how many pages or frames the file has.
    """

    parts: tuple[ReadDigit | Sign, ...]
    turned: int
    grey: Grey
    page: int = 1
    pages: int = 1

    @property
    def digits(self) -> tuple[ReadDigit, ...]:
        """The digits alone, each with its box."""
        return tuple(part for part in self.parts if isinstance(part, ReadDigit))

    @property
    def signs(self) -> tuple[Sign, ...]:
        """What was left out: signs, gaps, and words of other writing."""
        return tuple(part for part in self.parts if isinstance(part, Sign))

    @property
    def text(self) -> str:
        """The digits, with one line of text per line of the page that has any."""
        return _text(self.digits)

    @property
    def written(self) -> str:
        """The digits and what stands between them, as 12/05/2026, with one line of text per line of the page."""
        return _text(self.parts)

    @property
    def confidence(self) -> float:
        """The mean confidence of the digits, 0 to 1; 0 without digits."""
        return float(np.mean([digit.prediction.confidence for digit in self.digits])) if self.digits else 0.0

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the text, the page with its boxes and the image of each digit."""
        from digit_infer._html import reading_html

        boxes = [(digit.box.left, digit.box.top, digit.box.right, digit.box.bottom) for digit in self.digits]
        return reading_html(self.text, self.grey, boxes, [digit.prediction.image for digit in self.digits])


def _text(parts: tuple[ReadDigit | Sign, ...]) -> str:
    lines: dict[int, str] = {}
    for part in parts:
        lines[part.line] = lines.get(part.line, "") + (part.text if isinstance(part, Sign) else str(part.prediction.digit))
    return "\n".join(lines.values())
