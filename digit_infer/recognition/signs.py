"""Tells signs and other writing from digits, by what stands beside them on their line.

The network sees each piece at one size: a comma and a slash are ones to it, and so is an l. Here the height counts, the
place on the line, and the word: one of letters has pieces that are no digits; print has one foot line and several heights.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from digit_infer.image.mnist_form import Box
from digit_infer.image.page import enclosing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.image.page import Segment
    from digit_infer.prediction import Prediction
    from digit_infer.recognition.touching import Answered

    Part = tuple[Box, Prediction | None, str]
    """Where it is, and a digit's prediction or a sign; see ``digit_infer.reading.Sign``"""

OTHER, WRITING, GAP = "?", "~", " "

_SURE = 0.9
_SMALL = 0.45
_LOW_SMALL = 0.62
"""Below this share of the digits' height, a piece is a sign; in the lower half of the line, below the second."""

_POINT = 0.24
_FLAT = 1.5
_PART = 0.3
"""A point is at most so high, as a share of the digits' height, and a hyphen so many times as wide as high. A colon and an
equals sign have two parts over one another, at most as high as the third share."""

_RATHER_TALL = 1.12
_TALL = 1.18
_VERY_TALL = 1.25
"""What looks like a 1 is a bracket if it bends and is so many times as high as the digits, and a slash if it leans and is
the second times as high. Both extend above and below the digits, unless they are ``_VERY_TALL`` times as high."""

_LEANS = 0.1
_BENDS = 0.055
"""A slash's upper half lies so far right of its lower one, and a bracket's middle so far beside its ends, as shares of the
height."""

_BEYOND = 0.03
"""Slashes and brackets extend beyond the digits' top and bottom by this share of the digits' height."""

_TIP = 0.1
_POINTED = 0.15
"""Only 1, 4 and 7 end in tips above and below: as wide as the second share of their height, within the first one of it."""

_NARROW = 0.5
_RIGHT = 0.45
"""A printed 1 with a flag is at most so wide, as a share of its height, and its lower half lies right of the second share
of its width. This fits 2 of the 6,265 sevens among MNIST's training images."""

_SPACE = 0.45
_WIDE_SPACE = 0.6
"""Words have gaps of the first share of the height between them; a gap of the second is told in a reading."""

_FOOT = 0.025
_UNEVEN = 0.84
"""Printed letters stand within the first share of their height on one line; the lowest has the second of the highest."""


def printed_on(line: Sequence[Answered]) -> list[list[Answered]]:
    """Return the words that are printed on a line: letters, and what is as high and stands on one line with them."""
    words = _words(line)
    high = high_of([segment for segment, _ in line])
    printed = [word for word in words if len(word) > 1 and _is_printed(word, high)]
    known = {id(word) for word in printed}
    return printed + [word for word in words if id(word) not in known and any(_is_beside(word, one) for one in printed)]


def told_apart(line: Sequence[Answered]) -> list[Part]:
    """Return the digits, signs and words of letters on a line."""
    writing = [word for word in _words(line) if 2 * sum(said.confidence >= _SURE for _, said in word) < len(word) > 1]
    letters = {id(segment) for word in writing for segment, _ in word}
    return [as_one(word, WRITING) for word in writing] + _signs([one for one in line if id(one[0]) not in letters])


def printed_one(one: Answered) -> Answered:
    """Return what stands in a cell with the answer 1 in place of 7 if it is a 1 with a flag, as it is printed.

    MNIST has no such ones: the network takes them for sevens. A 7 is wider, or leans.
    """
    segment, said = one
    height, width = segment.ink.shape
    stem = np.flatnonzero(segment.ink[height // 2 :].any(axis=0))
    if said.digit != 7 or width > _NARROW * height or not len(stem) or stem[0] < _RIGHT * width:
        return one
    swapped = said.probabilities.copy()
    swapped[[1, 7]] = swapped[[7, 1]]
    return segment, replace(said, digit=1, probabilities=swapped)


def as_one(pieces: Sequence[Answered], sign: str) -> Part:
    """Return pieces as one part of their line, which is no digit."""
    return enclosing(segment.box for segment, _ in pieces), None, sign


def gaps_between(boxes: Sequence[Box], high: float) -> list[Box]:
    """Return the wide gaps between boxes that follow one another on a line of digits so high."""
    return [
        Box(one.right, min(one.top, other.top), other.left, max(one.bottom, other.bottom))
        for one, other in pairwise(boxes)
        if other.left - one.right > _WIDE_SPACE * high
    ]


def high_of(segments: Sequence[Segment]) -> int:
    """Return how high the digits among pieces are, which may have signs among them, in pixels; 0 without any."""
    return sorted(segment.box.height for segment in segments)[3 * len(segments) // 4] if segments else 0


def _words(line: Sequence[Answered]) -> list[list[Answered]]:
    """Return what stands close together, without what is small beside the rest."""
    high = high_of([segment for segment, _ in line])
    words: list[list[Answered]] = []
    right = -math.inf
    for one in line:
        if one[0].box.height >= _SMALL * high:
            if not words or one[0].box.left - right > _SPACE * high:
                words.append([])
            words[-1].append(one)
            right = max(right, one[0].box.right)
    return words


def _is_printed(word: Sequence[Answered], high: float) -> bool:
    """Tell whether pieces of several heights stand exactly on one line and some are no digits, or all are none."""
    letters = [not said.is_digit for _, said in word]
    heights, feet = _heights_and_feet(word)
    on_line = np.abs(feet - np.median(feet)) <= max(_FOOT * heights.max(), 1.5)
    highest = min(heights.max(), high) if len(word) == 2 else heights.max()  # a dollar sign and a digit are no word
    low = heights[on_line & (heights < _UNEVEN * highest)]
    alike = len(word) == 2 or any(letters[1:-1]) or bool((np.diff(np.sort(low)) <= 1).any())
    return all(letters) or bool(any(letters) and len(low) and alike and on_line.sum() >= len(word) - (len(word) > 5))


def _is_beside(word: Sequence[Answered], printed: Sequence[Answered]) -> bool:
    """Tell whether a word is as high as a printed one beside it, and stands exactly on its line."""
    heights, feet = _heights_and_feet(word)
    others, line = _heights_and_feet(printed)
    apart = max(word[0][0].box.left - printed[-1][0].box.right, printed[0][0].box.left - word[-1][0].box.right)
    same_line = np.abs(feet - np.median(line)) <= max(_FOOT * others.max(), 1.5)
    return bool(apart <= others.max() and same_line.mean() > 0.6 and heights.max() <= 1.1 * others.max())


def _heights_and_feet(word: Sequence[Answered]) -> NDArray[np.int64]:
    """Return the heights and the last rows of pieces, [2, N]."""
    return np.array([(segment.box.height, segment.box.bottom) for segment, _ in word]).T


def _signs(line: Sequence[Answered]) -> list[Part]:
    sure = [segment.box for segment, said in line if said.confidence >= _SURE and said.digit != 1]
    sure = sure if len(sure) > 1 else [segment.box for segment, _ in line]
    if not sure:
        return []
    typical = float(np.median([box.height for box in sure]))
    high = float(np.median([box.height for box in sure if box.height >= 0.6 * typical]))
    foot = float(np.median([box.bottom for box in sure if box.height >= 0.6 * high]))
    found: list[Part] = []
    for segment, said in line:
        sign = _sign(segment, said, high, foot)
        found.append((segment.box, None, sign) if sign else (segment.box, said, ""))
    return found


def _sign(segment: Segment, said: Prediction, high: float, foot: float) -> str:
    """Return which sign a piece is on a line of digits so high, whose foot is in this row; "" for a digit."""
    box = segment.box
    share = box.height / high
    middle = 1 - (foot - (box.top + box.bottom) / 2) / high  # 0 at the digits' top, 1 at their foot
    rows = np.asarray(segment.ink.any(axis=1))
    edges = np.flatnonzero(np.diff(np.concatenate([[0], rows.astype(np.int8), [0]])))
    highest = int((edges[1::2] - edges[::2]).max())  # of its parts over one another
    twice = "=" if box.width >= _FLAT * highest else ":"
    if share < _SMALL or (share < _LOW_SMALL and box.top > foot - 0.55 * high):
        if len(edges) > 2:
            return twice
        if box.width >= _FLAT * box.height and middle < 0.85:
            return "-"
        return ("." if share <= _POINT else ",") if middle > 0.7 else OTHER
    if len(edges) == 4 and said.confidence < _SURE and highest <= _PART * high:
        return twice
    above, below = foot - high - box.top, box.bottom - foot
    if said.digit == 1 and (share >= _VERY_TALL or (share >= _RATHER_TALL and min(above, below) > _BEYOND * high)):
        tall = _tall_sign(segment.ink, share)
        if tall or said.is_digit:
            return tall
    is_dollar = said.digit in (3, 5, 8) and _is_pointed(segment.ink)
    return OTHER if is_dollar or not said.is_digit or (share >= _VERY_TALL and said.confidence < _SURE) else ""


def _is_pointed(ink: NDArray[np.uint8]) -> bool:
    """Tell whether ink ends in a tip above and below, as a dollar sign does by its stroke."""
    height = ink.shape[0]
    tip = max(1, round(_TIP * height))
    return all(np.ptp(np.flatnonzero(end.any(axis=0))) < _POINTED * height for end in (ink[:tip], ink[-tip:]))


def _tall_sign(ink: NDArray[np.uint8], share: float) -> str:
    """Tell a slash, brackets and strokes that are too high for a 1 by how their ink runs; "" for none of these."""
    height = ink.shape[0]
    weights = ink.sum(axis=1, dtype=np.float64)
    columns = ink @ np.arange(ink.shape[1], dtype=np.float64)
    top, middle, bottom = (
        float(columns[part].sum() / max(weights[part].sum(), 1.0))
        for part in (slice(0, height // 3), slice(height // 3, height - height // 3), slice(height - height // 3, height))
    )
    bend = ((top + bottom) / 2 - middle) / height
    if abs(bend) >= _BENDS:
        return "(" if bend > 0 else ")"
    return "/" if share >= _TALL and (top - bottom) / height >= _LEANS else ""
