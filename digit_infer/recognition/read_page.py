"""Reads a page: finds its digits, classifies each, and puts them in reading order.

Pieces that are too wide for one digit are split. A page that lies on its side or upside down is rotated if the network is
more confident that way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from digit_infer.errors import UnreadablePictureError
from digit_infer.image.components import components
from digit_infer.image.mnist_form import Box
from digit_infer.image.network_look import INKED, full_ink
from digit_infer.image.network_page import page_ink, without_frames
from digit_infer.image.page import Segment, segments
from digit_infer.image.plain_look import plain_ink, plain_look
from digit_infer.prediction import Prediction
from digit_infer.reading import ReadDigit, Reading
from digit_infer.recognition.judge import judged
from digit_infer.recognition.touching import best_cut, cost_of

if TYPE_CHECKING:
    from digit_infer.contract import Images, Probabilities
    from digit_infer.image.components import Mask
    from digit_infer.image.decode import Grey
    from digit_infer.image.look import Ink
    from digit_infer.image.network_look import Mark
    from digit_infer.recognition.touching import Answer, Answered

MOST_IMAGES = 6_000
"""Images that the network answers for one page at most, so that no picture takes much longer than 2,000 digits do."""

_WIDE = 0.8
"""A piece wider than this share of its height may be several digits that touch."""

_CLOSE = 0.15
"""The largest gap between parts of a broken digit, as a share of its height."""

_FEWEST_TO_TURN = 5
_AS_MANY = 0.3
"""A page of at least so many pieces may lie on its side, if the rotated page has more than this share of them. Otherwise
the lines of a form, which are removed upright only, could be read as one large digit."""

_BELIEVED = 0.05
"""A page with a smaller mean doubt (1 - confidence) is not rotated."""

MOST_OF_ONE = 20
_DOUBTFUL = 0.1
_UNSURE = 0.2
"""At most so many pieces may be parts of one digit that fills the picture. Then its ink is one component, or the doubt of
a piece is above ``_DOUBTFUL``; and the doubt of the whole is at most ``_UNSURE`` and the sum of all pieces' doubts."""

_POINT_HEIGHT = 0.45
_SLASH_HEIGHT = 1.12
"""Heights as shares of the digits on the same line: below the first, a piece is a point or a comma; above the second, a
stroke that leans to the right is a slash."""

_COST_OF_A_PIECE = 0.1
"""The cost of each piece, added to its doubt: rotated wrongly, a page falls into more pieces, some of high confidence."""


Piece: TypeAlias = "tuple[int, ReadDigit]"
"""Degrees by which the page was rotated, and a candidate for a digit."""


def read_page(answer: Answer, mark: Mark | None, grey: Grey) -> Reading:
    """Read a page as it is, or rotated by 90, 180 or 270 degrees where the network is more confident that way.

    On an even background the plain look is used if its mean doubt is small; else the ink network finds the ink.

    Args:
        answer: classifies images uint8 [N, 28, 28].
        mark: the ink network, or None.
        grey: the page, uint8 [H, W].

    Raises:
        UnreadablePictureError: the page has more pieces than can be digits.
    """
    unbounded, answer = answer, _bounded(answer)
    plain, is_even = plain_ink(grey)
    ink, mask = without_frames(plain, plain), plain > 0
    upright = _pieces_if_any(answer, ink, mask, 0) if is_even or mark is None else None
    if mark is not None and (upright is None or (upright and _doubt(upright) > _BELIEVED)):
        marked = page_ink(grey, mark)
        marked_ink, marked_mask = without_frames(full_ink(marked), plain), marked >= INKED
        seen = _pieces(answer, marked_ink, marked_mask, 0)
        if upright is None or (seen and _doubt(seen) < _doubt(upright)):
            upright, ink, mask = seen, marked_ink, marked_mask
    best = upright or []
    if len(best) >= _FEWEST_TO_TURN and _doubt(best) > _BELIEVED:
        turned = [_pieces_if_any(answer, ink, mask, turns) or [] for turns in (1, 2, 3)]
        best = min([best, *(way for way in turned if len(way) > _AS_MANY * len(best))], key=_cost)
    best = _whole_if_believed(unbounded, mark, grey, best)
    found = tuple(digit for _, digit in best if digit.prediction.is_digit)
    return Reading(found, best[0][0] if best else 0, grey)


def _bounded(answer: Answer) -> Answer:
    """Return the same answers until ``MOST_IMAGES`` were asked, then an error."""
    asked = 0

    def answer_some(images: Images) -> list[Prediction]:
        nonlocal asked
        asked += len(images)
        if asked > MOST_IMAGES:
            raise UnreadablePictureError(
                f"the picture falls into more than {MOST_IMAGES:,} pieces that may be digits",
                "give a picture of digits alone",
            )
        return answer(images)

    return answer_some


def _whole_if_believed(answer: Answer, mark: Mark | None, grey: Grey, pieces: list[Piece]) -> list[Piece]:
    """Return the one digit that ``Predictor.predict`` finds, where the pieces are its parts; else the pieces."""
    if len(pieces) > MOST_OF_ONE:
        return pieces

    def classify(images: Images) -> Probabilities:
        return np.stack([prediction.probabilities for prediction in answer(images)])

    [whole] = judged([grey], [plain_look(grey)], classify, mark)
    if whole is None or whole.several:
        return pieces
    doubts = [1 - piece.prediction.confidence for _, piece in pieces] or [1.0]
    doubt = 1 - whole.confidence
    hangs_together = len(components(whole.look.ink > 0)) == 1
    if not hangs_together and max(doubts) <= _DOUBTFUL:
        return pieces
    if doubt > _UNSURE or doubt > sum(doubts) or any(not whole.part.box.has_middle_of(piece.box) for _, piece in pieces):
        return pieces
    [prediction] = answer(whole.part.image[None])
    return [(0, ReadDigit(whole.part.box, 0, prediction))]


def _doubt(pieces: list[Piece]) -> float:
    return float(np.mean([1 - piece.prediction.confidence for _, piece in pieces]))


def _cost(pieces: list[Piece]) -> float:
    return sum(1 - piece.prediction.confidence + _COST_OF_A_PIECE for _, piece in pieces)


def _pieces(answer: Answer, ink: Ink, mask: Mask, turns: int) -> list[Piece]:
    """Return the candidates on a page rotated by ``turns`` times 90 degrees."""
    turned = np.ascontiguousarray(np.rot90(ink, turns))
    hangs = np.ascontiguousarray(np.rot90(mask & (ink > 0), turns))
    lines = [_answered(answer, line) for line in segments(turned, hangs)]
    return [
        (90 * turns, ReadDigit(_turned_back(segment.box, turns, ink.shape), number, prediction))
        for number, line in enumerate(_without_signs(lines))
        for segment, prediction in line
    ]


def _without_signs(lines: list[list[Answered]]) -> list[list[Answered]]:
    """Remove pieces that are no digits by their height: points, commas, and slashes."""
    heights = [segment.box.height for line in lines for segment, _ in line]
    if not heights:
        return []
    typical = float(np.median(heights))
    kept = []
    for line in lines:
        beside = float(np.median([segment.box.height for segment, _ in line])) if len(line) > 2 else typical
        kept.append(
            [
                (segment, prediction)
                for segment, prediction in line
                if segment.box.height >= _POINT_HEIGHT * beside
                and not (prediction.digit == 1 and segment.box.height >= _SLASH_HEIGHT * beside and segment.leans_right())
            ]
        )
    return [line for line in kept if line]


def _pieces_if_any(answer: Answer, ink: Ink, mask: Mask, turns: int) -> list[Piece] | None:
    """Return the candidates, or None where there are too many for a page."""
    try:
        return _pieces(answer, ink, mask, turns)
    except UnreadablePictureError:
        return None


def _turned_back(box: Box, turns: int, shape: tuple[int, ...]) -> Box:
    """Return a box of a page rotated counterclockwise in the pixels of the unrotated page, which has this shape."""
    height, width = shape
    if turns == 0:
        return box
    if turns == 1:
        return Box(width - box.bottom, box.left, width - box.top, box.right)
    if turns == 2:
        return Box(width - box.right, height - box.bottom, width - box.left, height - box.top)
    return Box(box.top, height - box.right, box.bottom, height - box.left)


def _answered(answer: Answer, line: list[Segment]) -> list[Answered]:
    """Classify a line: wide pieces may be split and parts of a broken digit joined, whichever costs less."""
    found: list[Answered] = []
    for segment in line:
        wide = segment.box.width > _WIDE * (segment.box.height)
        first, *others = best_cut(answer, segment) if wide else [(segment, _prediction(answer, segment))]
        joined = _joined(answer, found[-1], first) if found else None
        if joined is not None:
            found[-1] = joined
        else:
            found.append(first)
        found += others
    return found


def _joined(answer: Answer, one: Answered, other: Answered) -> Answered | None:
    """Return two neighbours as one digit, if they are close and cost less that way; else None."""
    both = one[0].joined(other[0])
    width, height = both.box.width, both.box.height
    if other[0].box.left - one[0].box.right > _CLOSE * height or width > height:
        return None
    prediction = _prediction(answer, both)
    return (
        (both, prediction)
        if cost_of(prediction.confidence) < cost_of(one[1].confidence) + cost_of(other[1].confidence)
        else None
    )


def _prediction(answer: Answer, segment: Segment) -> Prediction:
    [prediction] = answer(segment.image()[None])
    return prediction
