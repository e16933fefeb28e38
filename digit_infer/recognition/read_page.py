"""Reads a page: finds its digits, classifies each, and puts them in reading order.

Pieces that the network doubts are split where their parts are surer. A page that lies askew, on its side or upside down is
rotated if the network is more confident that way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from digit_infer.contract import SIDE
from digit_infer.errors import UnreadablePictureError
from digit_infer.image.components import components
from digit_infer.image.mnist_form import Box
from digit_infer.image.network_look import page_ink
from digit_infer.image.one_digit import INKED, around
from digit_infer.image.page import LOW, Place
from digit_infer.image.plain_look import plain_ink, plain_look
from digit_infer.prediction import Prediction
from digit_infer.reading import ReadDigit, Reading, Sign
from digit_infer.recognition.judge import SURE, judged
from digit_infer.recognition.page_layout import BESIDE_NETWORK, BESIDE_PLAIN, Layout, PageLook, laid_out, rotated
from digit_infer.recognition.signs import (
    GAP,
    OTHER,
    WRITING,
    as_one,
    gaps_between,
    high_of,
    printed_on,
    printed_one,
    told_apart,
)
from digit_infer.recognition.touching import best_cut, joined

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.contract import Images, Probabilities
    from digit_infer.image.grey import Grey
    from digit_infer.image.network_look import Mark
    from digit_infer.image.one_digit import Ink
    from digit_infer.recognition.signs import Part
    from digit_infer.recognition.touching import Answer, Answered

MOST_IMAGES = 6_000
"""Images that the network answers for one page at most, so that no picture takes much longer than 2,000 digits do."""

_LARGE = 1_024
_ENOUGH = 24
"""A page with so many pixels a side is read at a half of them if three quarters of its pieces are still so high then."""

_SURE = 0.55
_WIDE = 0.8
_HANGS = 0.8
"""What has at least the first confidence is not split (pages: plain, sums), nor what is lower than ``LOW`` of its line's
height. What hangs together must have the second share of the height in width, and the third of the whole width; else it is
one sign."""

_HIGH = 1.25
"""What is lower than ``LOW`` of its line's height, or higher than this, is a sign: that it is no digit leaves no doubt."""

_FEWEST_TO_TURN = 5
"""A page of fewer pieces is not turned."""

_BELIEVED = 0.05
"""On an even background, ink with a smaller mean doubt (1 - confidence) is not looked for again."""

_LESS = 1.0
_BETTER = 0.7
"""A page is turned if all its doubts are less by the first then, at most the second share of what they were."""

_SMALL_PRINT = 0.5
"""A line that is lower than this share of the page's digits, and not of digits alone, is other writing."""

_PRINT = 0.5
"""What looks like print may be writing on its head: so much of the doubt about it counts."""

_ASKEW = 6
_ALIKE = 0.6
"""Lines that slope by so many degrees may be turned level, if their slopes are so much alike: 1 if all are one."""

_DOUBTED = 0.95
_SLANTS = (-0.2, -0.1, 0.0, 0.1, 0.2)
_MOST_AGAIN = 8
"""If a page has at most ``_MOST_AGAIN`` digits of less confidence than ``_DOUBTED``, each is classified again at these
slants, in columns per row."""

MOST_OF_ONE = 20
_UNSURE = 0.2
"""At most so many pieces may be parts of one digit that fills the picture. Then its ink is one component; and the doubt of
the whole is at most ``_UNSURE`` and the sum of all pieces' doubts."""


@dataclass(frozen=True, eq=False)
class _Page:
    """What is read on a page that was rotated: its lines, and the mean doubt of all that is as high as a digit."""

    lines: list[list[Part]]
    degrees: int
    doubts: list[float]
    of_print: float
    shape: tuple[int, ...]

    @property
    def doubt(self) -> float:
        return float(np.mean(self.doubts)) if self.doubts else 0.0

    @property
    def all_doubts(self) -> float:
        return sum(self.doubts) + _PRINT * self.of_print


def read_page(answer: Answer, mark: Mark | None, grey: Grey) -> Reading:
    """Read a page as it is, or rotated where the network is more confident that way.

    On an even background the plain look is used if its mean doubt is small; else the ink network finds the ink.

    Args:
        answer: classifies images uint8 [N, 28, 28].
        mark: the ink network, or None.
        grey: the page, uint8 [H, W].

    Raises:
        UnreadablePictureError: the page has more pieces than can be digits.
    """
    unbounded, answer = answer, _bounded(answer)
    small, plain, is_even = _seen(grey)
    best = _plain_page(answer, plain, is_sole=mark is None) if is_even or mark is None else None
    if mark is not None and (best is None or best.doubt > _BELIEVED):
        look = PageLook(page_ink(small, mark), INKED - 1, plain, BESIDE_NETWORK)
        seen = _upright(answer, look, _page(answer, laid_out(look, best.degrees if best else 0)))
        best = seen if best is None or (seen.doubts and seen.doubt < best.doubt) else best
    best = _asked_again(unbounded, mark, small, best or _Page([], 0, [], 0.0, small.shape))
    best = _whole_if_believed(unbounded, mark, small, best) or best
    return Reading(tuple(_parts(best, small.shape, grey.shape)), best.degrees, grey)


def _plain_page(answer: Answer, plain: Ink, *, is_sole: bool) -> _Page | None:
    """Read a page in the ink of the plain look: in all of it, or without the faint ink if digits may be lost otherwise.

    Returns None if they may be lost either way and another look can be tried, or if there are too many pieces for a page.
    """
    found = []
    for level in (0, INKED - 1):
        look = PageLook(plain, level, plain, BESIDE_PLAIN)
        with suppress(UnreadablePictureError):
            found.append((look, laid_out(look)))
        if found and not found[-1][1].loses_ink:
            break
    else:
        found = found[:1] if is_sole else []
    if not found:
        return None
    look, layout = found[-1]
    try:
        page = _page(answer, layout)
    except UnreadablePictureError:
        return None
    return _upright(answer, look, page)


def _seen(grey: Grey) -> tuple[Grey, Ink, bool]:
    """Return a page as large as it needs to be, its ink by the plain look, and whether its background is even."""
    if max(grey.shape) >= _LARGE:
        half = np.asarray(Image.fromarray(grey).reduce(2))
        plain, found = plain_ink(half)
        heights = np.zeros(1) if found is None else found.sizes[:, 1]
        if (heights >= _ENOUGH).sum() > 3 * ((heights > 2) & (heights < _ENOUGH)).sum():  # grain apart
            return half, plain, True
    plain, found = plain_ink(grey)
    return grey, plain, found is not None


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


def _upright(answer: Answer, look: PageLook, page: _Page) -> _Page:
    """Return a page rotated by quarters, and so that its lines are level, if that leaves much less doubt."""
    if len(page.doubts) >= _FEWEST_TO_TURN and page.all_doubts > _LESS:
        page = _least_doubted(answer, look, page, (90, 180, 270), _LESS)
    level = _level(page)
    return _least_doubted(answer, look, page, (level, level + 180), 0.0) if level else page


def _least_doubted(answer: Answer, look: PageLook, page: _Page, turns: Sequence[int], less: float) -> _Page:
    """Return the page rotated further by some degrees if its doubts are less by so much then, else the page as it is."""
    others = [_page_if_any(answer, look, (page.degrees + degrees) % 360) for degrees in turns]
    fit = [other for other in others if other is not None and 2 * len(other.doubts) > len(page.doubts)]
    best = min(fit, key=lambda other: other.all_doubts, default=page)
    return best if best.all_doubts < min(_BETTER * page.all_doubts, page.all_doubts - less) else page


def _page_if_any(answer: Answer, look: PageLook, degrees: int) -> _Page | None:
    """Return what is read on a page that is rotated, or None where there are too many pieces for a page."""
    try:
        return _page(answer, laid_out(look, degrees))
    except UnreadablePictureError:
        return None


def _page(answer: Answer, layout: Layout) -> _Page:
    lines = layout.lines
    segments = [segment for line in lines for place in line for segment in place.written]
    images = np.stack([segment.image() for segment in segments]) if segments else None
    answered = iter(zip(segments, [] if images is None else answer(images), strict=True))
    high = high_of(segments)
    found = [_read_line(answer, line, answered, high) for line in lines]
    doubts = [doubt for _, some, _ in found for doubt in some]
    of_print = sum(doubt for _, _, doubt in found)
    return _Page([parts for parts, _, _ in found], layout.degrees, doubts, of_print, layout.shape)


def _read_line(
    answer: Answer, line: list[Place], answered: Iterator[Answered], of_page: float
) -> tuple[list[Part], list[float], float]:
    """Read a line from left to right, what stands in cells by itself; return the doubts about it and its print, too."""
    pieces = [list(islice(answered, len(place.written))) for place in line]
    inside = [one for place, some in zip(line, pieces, strict=True) if place.is_cell for one in some]
    outside = [one for place, some in zip(line, pieces, strict=True) if not place.is_cell for one in some]
    high = high_of([segment for segment, _ in (*inside, *outside)])
    if outside and high < _SMALL_PRINT * of_page and not all(said.is_digit for _, said in outside):
        return [as_one(outside, WRITING)], [], 0.0
    printed = printed_on(outside)
    letters = {id(segment) for word in printed for segment, _ in word}
    outside = _split(answer, [one for one in outside if id(one[0]) not in letters], high)
    inside = _split(answer, [printed_one(one) for one in inside], high)
    parts = [*(as_one(word, WRITING) for word in printed), *told_apart(outside)]
    if inside and outside and sum(place.is_cell for place in line) == 1:
        parts.append(as_one(inside, OTHER))  # a mark in a check box
    else:
        parts += told_apart(inside)
        outside += inside
    doubts = [1 - said.confidence for segment, said in outside if LOW * high <= segment.box.height <= _HIGH * high]
    parts += [(place.box, None, GAP) for place in line if not place.written]
    parts.sort(key=lambda part: part[0].left)
    gaps = gaps_between([box for box, _, _ in parts], high)
    parts = sorted([*parts, *((box, None, GAP) for box in gaps)], key=lambda part: part[0].left)
    return parts, doubts, sum(1 - said.confidence for word in printed for _, said in word)


def _split(answer: Answer, pieces: list[Answered], high: float) -> list[Answered]:
    """Return pieces from left to right, and in place of those that are doubted their digits, if they have any."""
    found: list[Answered] = []
    for segment, said in pieces:
        width, height = segment.box.width, segment.box.height
        may_touch = (
            said.confidence < _SURE and height >= LOW * high and segment.widest >= max(_WIDE * height, _HANGS * width)
        )
        both = joined(answer, found[-1], (segment, said)) if found else None
        if both is not None:
            found[-1] = both
        else:
            found += best_cut(answer, (segment, said)) if may_touch else [(segment, said)]
    return found


def _level(page: _Page) -> int:
    """Return by how many degrees a page may be rotated to make its lines level: -45 to 45, 0 where they are, or are none.

    It is by how much the way from each digit to its nearest neighbour leaves a level or an upright line, most of all.
    """
    boxes = [box for line in page.lines for box, prediction, _ in line if prediction is not None]
    if len(boxes) < _FEWEST_TO_TURN:
        return 0
    middles = np.array([((box.left + box.right) / 2, (box.top + box.bottom) / 2) for box in boxes])
    away = middles[:, None] - middles[None, :]
    apart = np.hypot(away[..., 0], away[..., 1])
    np.fill_diagonal(apart, np.inf)
    nearest = away[np.arange(len(boxes)), apart.argmin(axis=1)]
    mean = np.exp(4j * np.arctan2(nearest[:, 1], nearest[:, 0])).mean()
    degrees = round(math.degrees(np.angle(mean)) / 4)
    return degrees if abs(mean) >= _ALIKE and abs(degrees) >= _ASKEW else 0


def _asked_again(answer: Answer, mark: Mark | None, grey: Grey, page: _Page) -> _Page:
    """Classify each doubtful digit again at several slants and take the mean; look again at those that remain doubtful."""
    said = [said for line in page.lines for _, said, _ in line if said is not None and said.confidence < _DOUBTED]
    if not 0 < len(said) <= _MOST_AGAIN:
        return page
    slanted = answer(np.stack([_slanted(one.image, slant) for one in said for slant in _SLANTS]))
    means = np.array([one.probabilities for one in slanted]).reshape(len(said), len(_SLANTS), -1).mean(axis=1)
    meant = {
        id(one): replace(one, digit=int(mean.argmax()), confidence=float(mean.max()), probabilities=mean)
        for one, mean in zip(said, means, strict=True)
    }
    page = replace(page, lines=[[(box, meant.get(id(one), one), sign) for box, one, sign in line] for line in page.lines])
    return _looked_at_again(answer, mark, grey, page)


def _slanted(image: NDArray[np.uint8], slant: float) -> NDArray[np.uint8]:
    """Return a digit's image uint8 [28, 28] with each row moved aside by so many columns more than the row above."""
    matrix = (1, slant, -slant * SIDE / 2, 0, 1, 0)
    whole = Image.fromarray(image)
    return np.asarray(whole.transform(whole.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR))


def _looked_at_again(answer: Answer, mark: Mark | None, grey: Grey, page: _Page) -> _Page:
    """Look at what stays in doubt in its own pixels, as ``Predictor.predict`` does, and believe the surer look."""
    doubted = [part for line in page.lines for part in line if part[1] is not None and part[1].confidence < SURE]
    if not doubted:
        return page
    turned = rotated(grey, page.degrees, int(np.median(grey)))
    crops = [around(turned, box)[0] for box, _, _ in doubted]
    looks = judged(crops, [plain_look(crop) for crop in crops], _classifier(answer), mark)
    surer = {
        id(part): (part[0], answer(look.part.image[None])[0], "")
        for part, look in zip(doubted, looks, strict=True)
        if look is not None and part[1] is not None and not look.several and look.confidence > part[1].confidence
    }
    return replace(page, lines=[[surer.get(id(part), part) for part in line] for line in page.lines])


def _classifier(answer: Answer) -> Callable[[Images], Probabilities]:
    return lambda images: np.stack([prediction.probabilities for prediction in answer(images)])


def _whole_if_believed(answer: Answer, mark: Mark | None, grey: Grey, page: _Page) -> _Page | None:
    """Return a page of the one digit that ``Predictor.predict`` finds, where the pieces are its parts; else None."""
    boxes = [box for line in page.lines for box, _, sign in line if sign != GAP]
    if not 0 < len(boxes) <= MOST_OF_ONE:
        return None
    [whole] = judged([grey], [plain_look(grey)], _classifier(answer), mark)
    if whole is None or whole.several or len(components(whole.look.ink > 0)) > 1:
        return None
    doubt = 1 - whole.confidence
    if doubt > _UNSURE or doubt > sum(page.doubts or [1.0]) or not all(whole.part.box.has_middle_of(box) for box in boxes):
        return None
    [prediction] = answer(whole.part.image[None])
    return _Page([[(whole.part.box, prediction, "")]], 0, [], 0.0, grey.shape) if prediction.is_digit else None


def _parts(page: _Page, shape: tuple[int, ...], given: tuple[int, ...]) -> Iterator[ReadDigit | Sign]:
    """Yield what a page of this shape shows, in pixels of the one that was given, which may be twice as large."""
    factor = 1 if shape == given else 2
    for number, line in enumerate(page.lines):
        for box, prediction, sign in line:
            at = _turned_back(box, page, shape)
            right, bottom = min(at.right * factor, given[1]), min(at.bottom * factor, given[0])  # of odd sizes
            place = Box(at.left * factor, at.top * factor, right, bottom)
            yield Sign(place, number, sign) if prediction is None else ReadDigit(place, number, prediction)


def _turned_back(box: Box, page: _Page, shape: tuple[int, ...]) -> Box:
    """Return a box of a rotated page in pixels of the page as it was, which has this shape."""
    if not page.degrees:
        return box
    turn = np.exp(1j * math.radians(page.degrees))
    middle, old = (complex(size[1], size[0]) / 2 for size in (page.shape, shape))
    corners = [complex(x, y) for x in (box.left, box.right) for y in (box.top, box.bottom)]
    places = [(corner - middle) * turn + old for corner in corners]
    across, down = [round(place.real) for place in places], [round(place.imag) for place in places]
    left, top = max(min(across), 0), max(min(down), 0)
    return Box(left, top, max(min(max(across), shape[1]), left + 1), max(min(max(down), shape[0]), top + 1))
