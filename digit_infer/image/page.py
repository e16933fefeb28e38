"""The ink of a page -> where each digit and each sign may lie, line by line.

What hangs together is a digit or a part of one. Parts above one another are put together, what reaches the edge is left out
unless it is as large as the digits, and the rest is put in the order in which people write: left to right, in lines that
may slope. A cell of a form is one place on its line, with what is written in it or empty; points, commas and hyphens go to
the line of what they stand beside.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from digit_infer.errors import UnreadablePictureError
from digit_infer.image.components import components
from digit_infer.image.mnist_form import Box, in_mnist_form

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.image.components import Boxes, Components, Mask
    from digit_infer.image.one_digit import Ink

MOST = 2_000
"""Digits on a page: fifty lines of forty. What has more pieces is a photograph of something else."""

_ENOUGH = 2
"""With so many digits within the picture, what reaches its edge is a shadow, the table or a neighbour, unless it is as
large as they are."""

LOW = 0.7
"""A digit has at least this share of its line's height. What reaches the picture's edge is a digit if it is also at most
1 / LOW times as large as the digits are high (pages: plain)."""

_SMALLEST = 0.25
_SPECK = 0.07
"""What is smaller than the first share of the digits' height is no digit, but maybe a point; than the second, a speck."""

_SMALL = 0.6
"""What is lower than this share of the digits' height begins no line while there is one that it may stand on."""

_BESIDE = 0.3
"""Neighbours on a line have this share of the smaller one's height in common."""

_AT_ONCE = 64
"""Boxes that are compared with all others at once."""

_CELL = 0.28
"""What is written in a cell has this share of its height."""


@dataclass(frozen=True, eq=False)
class Segment:
    """What may be a digit, several that touch, or a sign: its ink uint8 [h, w], 255 = ink, and where it lies.

    ``widest`` is the width of what hangs together in it, in pixels.
    """

    box: Box
    ink: NDArray[np.uint8]
    widest: int

    def image(self) -> NDArray[np.uint8]:
        """Return it in MNIST's form: uint8 [28, 28]."""
        return in_mnist_form(self.ink)


@dataclass(frozen=True, eq=False)
class Place:
    """A place on a line: what is written there, from left to right, and the cell of a form that it is, if any."""

    box: Box
    written: tuple[Segment, ...]
    is_cell: bool


def enclosing(boxes: Iterable[Box]) -> Box:
    """Return the smallest box that holds some."""
    left, top, right, bottom = zip(*((box.left, box.top, box.right, box.bottom) for box in boxes), strict=True)
    return Box(min(left), min(top), max(right), max(bottom))


def lines_of(ink: Ink, mask: Mask, cells: Sequence[Box] = ()) -> tuple[list[list[Place]], bool]:
    """Return what may be digits and signs, in lines from top to bottom, each from left to right.

    ``ink`` uint8 [H, W] is how much ink each pixel holds, ``mask`` bool [H, W] what hangs together. The second result says
    whether something larger than a digit was left out at the edge: digits may be joined to it.

    Raises:
        UnreadablePictureError: more pieces stand out than a page has digits.
    """
    seen = components(mask)
    sizes = seen.sizes.max(axis=1)
    cut_off = _cut_off(seen)
    strokes = ~cut_off
    typical = seen.typical_height(strokes)
    count = np.count_nonzero(strokes & (sizes >= _SMALLEST * typical))
    if count > MOST:
        raise UnreadablePictureError(
            f"the picture falls into {count:,} pieces, more than {MOST:,} digits would", "give a picture of digits alone"
        )
    with_points = strokes & (sizes >= max(_SPECK * typical, 2))
    chosen = with_points if np.count_nonzero(with_points) <= MOST else strokes & (sizes >= _SMALLEST * typical)
    pieces = [_segment(ink, seen, group) for group in _put_together(seen, np.flatnonzero(chosen), typical)] if count else []
    places = _in_cells(pieces, cells)
    large = [place for place in places if place.is_cell or place.box.height >= _SMALL * typical]
    lines = _in_lines(large)
    alone = [place for place in places if place not in large and not _put_on_line(place, lines)]
    lines += _in_lines([place for place in alone if max(place.box.width, place.box.height) >= _SMALLEST * typical])
    for line in lines:
        line.sort(key=lambda place: place.box.left)
    loses_ink = bool((cut_off & (sizes > typical)).any())
    return sorted(lines, key=lambda line: float(np.mean([place.box.top for place in line]))), loses_ink


def _cut_off(seen: Components) -> Mask:
    """Return which components [K] reach the edge of a picture and are no digits of it."""
    sizes, usual = seen.sizes, seen.typical_height(~seen.at_edge)
    larger = sizes.max(axis=1)
    if np.count_nonzero(~seen.at_edge & (larger >= _SMALLEST * usual)) < _ENOUGH:
        return np.zeros(len(seen), np.bool_)
    cut_off: Mask = seen.at_edge & ~((sizes[:, 1] >= LOW * usual) & (LOW * larger <= usual))
    return cut_off


def _in_cells(pieces: Sequence[Segment], cells: Sequence[Box]) -> list[Place]:
    """Put what is written in a cell of a form on one place, unless it is small there, as in a frame around a page."""
    inside: dict[Box, list[Segment]] = {cell: [] for cell in cells}
    places = []
    for piece in pieces:
        around = [cell for cell in cells if cell.has_middle_of(piece.box)]
        if around:
            inside[min(around, key=lambda cell: cell.height * cell.width)].append(piece)
        else:
            places.append(Place(piece.box, (piece,), is_cell=False))
    for cell, written in inside.items():
        high = max((piece.box.height for piece in written), default=0)
        if high >= _CELL * cell.height or not written:
            places.append(Place(cell, tuple(sorted(written, key=lambda piece: piece.box.left)), is_cell=True))
        else:
            places += [Place(piece.box, (piece,), is_cell=False) for piece in written]
    return places


def _put_on_line(small: Place, lines: list[list[Place]]) -> bool:
    """Put a point, a comma or a hyphen on the line of the nearest thing that it stands beside, if there is one."""
    middle = (small.box.top + small.box.bottom) / 2
    nearest: tuple[float, list[Place]] | None = None
    for line in lines:
        for place in line:
            box, height = place.box, place.box.height
            apart = max(small.box.left - box.right, box.left - small.box.right, 0)
            beside = box.top - 0.3 * height <= middle <= box.bottom + 0.35 * height and apart <= 1.2 * height
            if beside and (nearest is None or apart < nearest[0]):
                nearest = apart, line
    if nearest is None:
        return False
    nearest[1].append(small)
    return True


def _put_together(seen: Components, chosen: NDArray[np.intp], typical: float) -> list[list[int]]:
    """Put parts of a digit together: each goes to the larger one that lies next over or under it, if one does."""
    boxes = seen.boxes[chosen]
    groups = {place: [number] for place, number in enumerate(chosen.tolist())}
    order = np.argsort(boxes[:, 3] - boxes[:, 1], kind="stable")
    boxes = boxes[order]
    for start in range(0, len(order), _AT_ONCE):
        apart = _apart(boxes, start, typical)
        hosts = apart.argmin(axis=1)
        for place in np.flatnonzero(np.isfinite(apart.min(axis=1))).tolist():
            groups[int(order[hosts[place]])] += groups.pop(int(order[start + place]))
    return list(groups.values())


def _apart(boxes: Boxes, start: int, typical: float) -> NDArray[np.float64]:
    """Return how far from each of some boxes each higher one lies, in pixels; infinity where two are no parts of one digit.

    Parts lie over one another, as the halves of a broken one; a small part may lie beside, as the bar of a five, but
    not low, as a point does. The boxes are sorted by height, and ``_AT_ONCE`` are compared.
    """
    lefts, tops, rights, bottoms = boxes.T
    left, top, right, bottom = boxes[start : start + _AT_ONCE].T[:, :, None]
    across = np.minimum(rights, right) - np.maximum(lefts, left)
    down = np.minimum(bottoms, bottom) - np.maximum(tops, top)
    wide = np.maximum(rights, right) - np.minimum(lefts, left)
    high = np.maximum(bottoms, bottom) - np.minimum(tops, top)
    narrow = np.minimum(rights - lefts, right - left)
    low = top - tops >= 0.5 * (bottoms - tops)
    over = (across >= 0.4 * narrow) & (-down < 0.3 * typical)
    beside = (bottom - top < 0.45 * typical) & (down > -0.2 * typical) & (-across < 0.15 * typical) & (wide < 1.2 * typical)
    are_one = (over | (beside & ~low)) & (high < 1.4 * typical) & ~np.tri(len(across), len(boxes), start, dtype=np.bool_)
    return np.where(are_one, np.maximum(-across, -down), np.inf)


def _in_lines(places: Iterable[Place]) -> list[list[Place]]:
    """Put places into lines: each goes on the line whose last place it stands beside most."""
    lines: list[list[Place]] = []
    lasts = np.empty((0, 2))
    for place in sorted(places, key=lambda place: place.box.left):
        box = place.box
        common = np.minimum(lasts[:, 1], box.bottom) - np.maximum(lasts[:, 0], box.top)
        share = common / np.minimum(lasts[:, 1] - lasts[:, 0], box.height)
        number = int(share.argmax()) if len(lines) else -1
        if number >= 0 and share[number] >= _BESIDE:
            lines[number].append(place)
            lasts[number] = box.top, box.bottom
        else:
            lines.append([place])
            lasts = np.vstack([lasts, (box.top, box.bottom)])
    return lines


def _segment(ink: Ink, seen: Components, group: Sequence[int]) -> Segment:
    """Cut a digit out, without what belongs to others; its edges keep their grey."""
    boxes = [Box(*seen.boxes[number].tolist()) for number in group]
    if len(group) == 1:
        [box], [number] = boxes, group
        return Segment(box, seen.own(number) * ink[box.top : box.bottom, box.left : box.right], box.width)
    whole = enclosing(boxes)
    own = np.zeros((whole.height, whole.width), np.bool_)
    for number, box in zip(group, boxes, strict=True):
        top, left = box.top - whole.top, box.left - whole.left
        own[top : top + box.height, left : left + box.width] |= seen.own(number)
    cut = np.where(own, ink[whole.top : whole.bottom, whole.left : whole.right], 0)
    return Segment(whole, cut, max(box.width for box in boxes))
