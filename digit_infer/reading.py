"""Several digits on one picture: finds each, answers each, and puts them in order.

What cannot be one digit, since it is too wide, is cut where the network believes the pieces most. A page that was
photographed sideways is read sideways, if the network is surer of it that way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from digit_infer.image.box import Box
from digit_infer.image.page import segments
from digit_infer.image.segment import Segment
from digit_infer.prediction import Prediction

if TYPE_CHECKING:
    from digit_infer.contract import Images, Probabilities
    from digit_infer.image.decode import Grey

    Answer = Callable[[Images], Probabilities]

_TOO_WIDE = 1.15
"""A digit is seldom wider than this share of its height; what is may be several that touch."""

_MOST_PARTS = 4
_SHIFTS = (0.0, -0.12, 0.12)
"""Cuts are tried in the middle of a piece, and by this share of its width beside: a one is narrower than a zero."""

_NARROW = 0.35
"""A part is at least this wide, as a share of its height."""

_CLOSE = 0.15
"""Parts of a broken digit stand this near, as a share of its height."""

_SURER = 0.05
"""By so much more a joined digit must be believed."""

_FEWEST_TO_TURN = 5
_A_DIGIT = 0.1
"""What a digit more costs, beside doubts: a page that lies on its side falls to pieces, in which a network believes."""


@dataclass(frozen=True, eq=False)
class ReadDigit:
    """A digit of a page: where it lies in ``Reading.grey``, on which line, counted from 0, and the answer to it."""

    box: Box
    line: int
    prediction: Prediction


@dataclass(frozen=True, eq=False)
class Reading:
    """The digits of a page in reading order.

    Attributes:
        digits: each with its box.
        turned: by how many degrees, counterclockwise, the page was turned to be read: 0, 90 or 270.
        grey: uint8 [H, W], the page as it came, upright by its EXIF orientation; a side of 2,048 pixels or more was made
            smaller by a whole factor. Boxes are in its pixels.
    """

    digits: tuple[ReadDigit, ...]
    turned: int
    grey: Grey

    @property
    def text(self) -> str:
        """The digits, a line of text for each line of the page."""
        lines: dict[int, str] = {}
        for digit in self.digits:
            lines[digit.line] = lines.get(digit.line, "") + str(digit.prediction.digit)
        return "\n".join(lines.values())

    @property
    def confidence(self) -> float:
        """The mean confidence of the digits, 0 to 1."""
        return float(np.mean([digit.prediction.confidence for digit in self.digits]))


def read_page(answer: Answer, grey: Grey) -> Reading:
    """Read a page as it is, or sideways.

    Raises:
        BlankPictureError: nothing stands out from the ground.
    """
    upright = _read(answer, grey, 0)
    if len(upright.digits) < _FEWEST_TO_TURN:
        return upright
    turned = [_read(answer, grey, turns) for turns in (1, 3)]
    return min((upright, *turned), key=_cost)


def _cost(reading: Reading) -> float:
    return sum(1 - digit.prediction.confidence + _A_DIGIT for digit in reading.digits)


def _read(answer: Answer, grey: Grey, turns: int) -> Reading:
    found = [
        ReadDigit(_turned_back(segment.box, turns, grey.shape), number, prediction)
        for number, line in enumerate(segments(np.ascontiguousarray(np.rot90(grey, turns))))
        for segment, prediction in _answered(answer, line)
    ]
    return Reading(tuple(found), 90 * turns, grey)


def _turned_back(box: Box, turns: int, shape: tuple[int, ...]) -> Box:
    """Return where a box lies in a picture of this shape, before it was turned by quarters counterclockwise."""
    height, width = shape
    if turns == 0:
        return box
    if turns == 1:
        return Box(width - box.bottom, box.left, width - box.top, box.right)
    return Box(box.top, height - box.right, box.bottom, height - box.left)


def _answered(answer: Answer, line: list[Segment]) -> list[tuple[Segment, Prediction]]:
    """Answer a line: what is too wide is cut, and parts of a broken digit are joined, if the network believes it more."""
    found: list[tuple[Segment, Prediction]] = []
    for segment in line:
        whole = (segment, _prediction(answer, segment))
        if segment.box.right - segment.box.left > _TOO_WIDE * (segment.box.bottom - segment.box.top):
            found += max([[whole], *_cuts(answer, segment)], key=_mean_confidence)
        elif found and (joined := _joined(answer, found[-1], whole)) is not None:
            found[-1] = joined
        else:
            found.append(whole)
    return found


def _cuts(answer: Answer, segment: Segment) -> Iterator[list[tuple[Segment, Prediction]]]:
    width, height = segment.box.right - segment.box.left, segment.box.bottom - segment.box.top
    for parts in range(2, _MOST_PARTS + 1):
        if width > _NARROW * parts * height:
            for shift in _SHIFTS:
                yield [(part, _prediction(answer, part)) for part in segment.cut(parts, shift)]


def _joined(
    answer: Answer, one: tuple[Segment, Prediction], other: tuple[Segment, Prediction]
) -> tuple[Segment, Prediction] | None:
    """Return two neighbours as one digit, if they stand close enough and are believed more that way."""
    both = one[0].joined(other[0])
    width, height = both.box.right - both.box.left, both.box.bottom - both.box.top
    if other[0].box.left - one[0].box.right > _CLOSE * height or width > height:
        return None
    prediction = _prediction(answer, both)
    return (both, prediction) if prediction.confidence > _mean_confidence([one, other]) + _SURER else None


def _mean_confidence(answered: Iterable[tuple[Segment, Prediction]]) -> float:
    return float(np.mean([prediction.confidence for _, prediction in answered]))


def _prediction(answer: Answer, segment: Segment) -> Prediction:
    image = segment.image()
    return Prediction.of(answer(image[None])[0], image)
