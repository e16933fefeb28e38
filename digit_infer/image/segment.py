"""A piece of ink that was cut out of a page: a digit, or several that touch, or a part of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from digit_infer.image.box import Box
from digit_infer.image.mnist_form import centred, fitted

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Segment:
    """A digit, or what may be several that touch: its ink uint8 [h, w], 255 = ink, and where it lies."""

    box: Box
    ink: NDArray[np.uint8]

    def image(self) -> NDArray[np.uint8]:
        """Return it in MNIST's form: uint8 [28, 28]."""
        return centred(fitted(self.ink))

    def joined(self, other: Segment) -> Segment:
        """Return both as one."""
        box = enclosing([self.box, other.box])
        ink = np.zeros((box.bottom - box.top, box.right - box.left), np.uint8)
        for part in (self, other):
            top, left = part.box.top - box.top, part.box.left - box.left
            place = ink[top : top + part.ink.shape[0], left : left + part.ink.shape[1]]
            np.maximum(place, part.ink, out=place)
        return Segment(box, ink)

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
