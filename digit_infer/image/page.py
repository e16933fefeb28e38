"""The ink of a page -> where each digit may lie, line by line.

What hangs together is a digit or a part of one. Parts above one another are put together, specks and what leaves the
picture are left out, and what is left is put in the order in which people write: left to right, in lines that may slope.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from digit_infer.errors import UnreadablePictureError
from digit_infer.image.components import Component, components
from digit_infer.image.mnist_form import Box, in_mnist_form

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.image.components import Mask
    from digit_infer.image.look import Ink

    Edges = NDArray[np.int64]
    """[N, 4]: left, top, right, bottom"""

MOST = 2_000
"""Digits on a page: fifty lines of forty. What has more pieces is a photograph of something else."""

_ENOUGH = 2
"""With so many digits within the picture, what reaches its edge is no digit, but a shadow, the table or a neighbour."""

_SMALLEST = 0.25
"""What is smaller than this share of the digits' height is a speck."""

_LONGEST = 12
"""What is wider than so many times its height is a line, and no row of digits that touch: it would be cut without end."""

_LEANS = 0.1
"""A stroke leans to the right if its upper half lies so far to the right of its lower one, as a share of its height."""

_BESIDE = 0.3
"""Neighbours on a line have this share of the smaller one's height in common."""


@dataclass(frozen=True, eq=False)
class Segment:
    """A digit, or what may be several that touch: its ink uint8 [h, w], 255 = ink, and where it lies."""

    box: Box
    ink: NDArray[np.uint8]

    def image(self) -> NDArray[np.uint8]:
        """Return it in MNIST's form: uint8 [28, 28]."""
        return in_mnist_form(self.ink)

    def joined(self, other: Segment) -> Segment:
        """Return both as one."""
        box = enclosing([self.box, other.box])
        ink = np.zeros((box.height, box.width), np.uint8)
        for part in (self, other):
            top, left = part.box.top - box.top, part.box.left - box.left
            place = ink[top : top + part.ink.shape[0], left : left + part.ink.shape[1]]
            np.maximum(place, part.ink, out=place)
        return Segment(box, ink)

    def leans_right(self) -> bool:
        """Tell whether the ink runs from the lower left to the upper right, as a slash does."""
        rows, columns = np.nonzero(self.ink)
        upper = rows < self.ink.shape[0] / 2
        if not upper.any() or upper.all():
            return False
        leans = float(columns[upper].mean()) - float(columns[~upper].mean())
        return bool(leans >= _LEANS * self.ink.shape[0])

    def places_to_cut(self, apart: int) -> list[int]:
        """Return columns where little ink would be cut through from top to bottom, at least so many pixels apart."""
        columns = self.ink.sum(axis=0, dtype=np.int64)
        places: list[int] = []
        for place in np.argsort(columns, kind="stable").tolist():
            if apart <= place <= len(columns) - apart and all(abs(place - other) >= apart for other in places):
                places.append(place)
        return sorted(places)

    def between(self, left: int, right: int) -> Segment | None:
        """Return what lies between two columns, ``right`` outside, or None if nothing does."""
        ink = self.ink[:, left:right]
        rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
        if not len(rows):
            return None
        top, bottom, first, last = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
        box = Box(self.box.left + left + first, self.box.top + top, self.box.left + left + last, self.box.top + bottom)
        return Segment(box, ink[top:bottom, first:last])


def enclosing(boxes: Sequence[Box]) -> Box:
    """Return the smallest box that holds some."""
    return Box(
        min(box.left for box in boxes),
        min(box.top for box in boxes),
        max(box.right for box in boxes),
        max(box.bottom for box in boxes),
    )


def segments(ink: Ink, mask: Mask) -> list[list[Segment]]:
    """Return what may be digits, in lines from top to bottom, each from left to right.

    ``ink`` uint8 [H, W] is how much ink each pixel holds, ``mask`` bool [H, W] what hangs together.

    Raises:
        UnreadablePictureError: more pieces stand out than a page has digits.
    """
    seen = components(mask)
    widths, heights = seen.sizes.T
    strokes = widths <= _LONGEST * heights
    within = strokes & ~seen.at_edge
    strokes = within if np.count_nonzero(within) >= _ENOUGH else strokes
    written = strokes & (np.maximum(widths, heights) >= _SMALLEST * seen.typical_height(strokes))
    count = np.count_nonzero(written)
    if count > MOST:
        raise UnreadablePictureError(
            f"the picture falls into {count:,} pieces, more than {MOST:,} digits would", "give a picture of digits alone"
        )
    groups = _put_together(seen.each(written)) if count else []
    return [[_segment(ink, group) for group in line] for line in _in_lines(groups)]


def _put_together(found: Sequence[Component]) -> list[list[Component]]:
    """Put parts of a digit together: each goes to the larger one that lies next over or under it, if one does."""
    boxes = _edges(component.box for component in found)
    heights = boxes[:, 3] - boxes[:, 1]
    typical = float(np.median(heights))
    groups = {number: [component] for number, component in enumerate(found)}
    order = np.argsort(heights, kind="stable")
    for done, number in enumerate(map(int, order), 1):
        apart = _apart(boxes, number, typical)
        apart[order[:done]] = np.inf  # itself, and what is smaller
        host = int(apart.argmin())
        if np.isfinite(apart[host]):
            groups[host] += groups.pop(number)
    return list(groups.values())


def _apart(boxes: Edges, number: int, typical: float) -> NDArray[np.float64]:
    """Return how far from a box each other lies, in pixels; infinity where the two are no parts of one digit.

    Parts lie over one another, as the halves of a broken one; a small part may lie beside, as the bar of a five.
    """
    left, top, right, bottom = boxes[number]
    across = np.minimum(boxes[:, 2], right) - np.maximum(boxes[:, 0], left)
    down = np.minimum(boxes[:, 3], bottom) - np.maximum(boxes[:, 1], top)
    wide = np.maximum(boxes[:, 2], right) - np.minimum(boxes[:, 0], left)
    high = np.maximum(boxes[:, 3], bottom) - np.minimum(boxes[:, 1], top)
    narrow = np.minimum(boxes[:, 2] - boxes[:, 0], right - left)
    over = (across >= 0.4 * narrow) & (-down < 0.3 * typical)
    beside = (bottom - top < 0.45 * typical) & (down > -0.2 * typical) & (-across < 0.15 * typical) & (wide < 1.2 * typical)
    return np.where((over | beside) & (high < 1.4 * typical), np.maximum(-across, -down), np.inf)


def _in_lines(things: Iterable[list[Component]]) -> list[list[list[Component]]]:
    """Put things into lines: each goes on the line whose last thing it stands beside most."""
    lines: list[list[list[Component]]] = []
    lasts = np.empty((0, 2))
    for thing in sorted(things, key=lambda group: _box_of(group).left):
        box = _box_of(thing)
        common = np.minimum(lasts[:, 1], box.bottom) - np.maximum(lasts[:, 0], box.top)
        share = common / np.minimum(lasts[:, 1] - lasts[:, 0], box.height)
        number = int(share.argmax()) if len(lines) else -1
        if number >= 0 and share[number] >= _BESIDE:
            lines[number].append(thing)
            lasts[number] = box.top, box.bottom
        else:
            lines.append([thing])
            lasts = np.vstack([lasts, (box.top, box.bottom)])
    return sorted(lines, key=lambda line: float(np.mean([_box_of(group).top for group in line])))


def _edges(boxes: Iterable[Box]) -> Edges:
    return np.array([(box.left, box.top, box.right, box.bottom) for box in boxes])


def _box_of(group: Sequence[Component]) -> Box:
    return enclosing([component.box for component in group])


def _segment(ink: Ink, group: Sequence[Component]) -> Segment:
    """Cut a digit out, without what belongs to others; its edges keep their grey."""
    box = _box_of(group)
    own = np.zeros((box.height, box.width), np.bool_)
    for component in group:
        component.paint(own, box.left, box.top)
    return Segment(box, np.where(own, ink[box.top : box.bottom, box.left : box.right], 0))
