"""What a look at a picture found: the digit's ink, and pieces of it that may be digits of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from digit_infer.image.components import components
from digit_infer.image.mnist_form import Box, in_mnist_form
from digit_infer.image.one_digit import LIKE, TINY, Picked, picked

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.image.components import Components, Mask
    from digit_infer.image.decode import Grey

    Ink = NDArray[np.uint8]
    """uint8 [H, W], 0 = background, 255 = ink"""

By = Literal["given", "plain", "network"]
"""Which look found the ink: none for what is in MNIST's form already, the plain look, or the ink network."""

_MOST_PARTS = 4
"""Pieces that the classifier is asked about, the largest first."""

_LEFT_OUT = 0.02
"""With more than this share of all ink left out, a picture is not clean."""

FEW = 20
_ROOM = 0.3
"""A digit with fewer pixels than this in a picture that was made smaller is looked at again, with this share of its size
around it."""

SOLID = 0.6
"""Nor is it where ink fills this share of a square about the digit, as a badge, or paper on a table, does."""


@dataclass(frozen=True)
class Place:
    """Where a working picture lies on the grey one, ``width`` by ``height``: its corner, and the size of its pixels."""

    scale: float
    left: float
    top: float
    width: int
    height: int

    def box(self, own: Box) -> Box:
        """Return a box of the working picture in pixels of the grey picture; it has one at least."""
        left, right = (round(self.left + edge * self.scale) for edge in (own.left, own.right))
        top, bottom = (round(self.top + edge * self.scale) for edge in (own.top, own.bottom))
        left, top = min(max(left, 0), self.width - 1), min(max(top, 0), self.height - 1)
        return Box(left, top, min(max(right, left + 1), self.width), min(max(bottom, top + 1), self.height))


@dataclass(frozen=True, eq=False)
class Part:
    """Ink that may be a digit: its box in pixels of the grey picture, and the image uint8 [28, 28] for the classifier."""

    box: Box
    image: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Look:
    """What one look found.

    Attributes:
        by: which look it was.
        ink: uint8 [h, w], 255 = ink: what the digit consists of, within its box.
        whole: the digit with all its pieces.
        everything: all ink of the picture but frames, where the digit is not all of it; None otherwise.
        parts: pieces of like size that may be digits of their own, the main one first; fewer than two are none.
        is_even: whether the background is even and the ink is strokes, and nothing solid.
        is_clean: whether, besides, nothing else stands on the picture, so that the look can be believed.
    """

    by: By
    ink: Ink
    whole: Part
    everything: Part | None
    parts: tuple[Part, ...]
    is_even: bool
    is_clean: bool

    @property
    def images(self) -> list[NDArray[np.uint8]]:
        """All that the classifier is asked."""
        return [part.image for part in self.asked]

    @property
    def asked(self) -> list[Part]:
        """What may be the digit: the whole, then everything, then the parts."""
        return [self.whole, *([] if self.everything is None else [self.everything]), *self.parts]


def around(grey: Grey, box: Box) -> tuple[Grey, int, int]:
    """Cut a box out of a picture uint8 [H, W] with some room around it, and say where: left and top."""
    room = round(_ROOM * max(box.width, box.height)) + 2
    left, top = max(0, box.left - room), max(0, box.top - room)
    return np.ascontiguousarray(grey[top : box.bottom + room, left : box.right + room]), left, top


def found_in(ink: Ink, mask: Mask, by: By, place: Place, *, is_even: bool) -> Look | None:
    """Pick the digit of the ink uint8 [H, W] whose pieces hang together by a mask [H, W], or return None without one.

    ``is_even`` says whether the background is.
    """
    found = components(mask)
    tiny = min(place.width, place.height) <= TINY
    pick = picked(found, tiny=tiny) if len(found) else None
    if pick is None:
        return None
    whole, own = _part(ink, found, pick.chosen, place)
    rest = ~pick.frames
    everything = None if (pick.chosen == rest).all() else _part(ink, found, rest, place)[0]
    parts = _parts(ink, found, pick, place) if len(found) > 1 and not tiny else ()
    alone = tiny or pick.left_out <= _LEFT_OUT
    solid = np.count_nonzero(own) > SOLID * max(own.shape) ** 2
    is_even = is_even and not solid and (tiny or not bool(found.at_edge[pick.chosen].any()))
    return Look(by, own, whole, everything, parts, is_even, is_even and alone and not parts)


def _parts(ink: Ink, found: Components, pick: Picked, place: Place) -> tuple[Part, ...]:
    """Return the pieces that may be digits of their own, the main one first, then by area; one alone is none."""
    large = found.sizes.max(axis=1) >= LIKE * found.sizes[pick.main].max()
    several = np.flatnonzero((pick.chosen & large & ~found.at_edge) | pick.others).tolist()
    if len(several) < 2:
        return ()
    several.sort(key=lambda number: (number != pick.main, -int(found.areas[number])))
    every = np.arange(len(found))
    return tuple(_part(ink, found, every == number, place)[0] for number in several[:_MOST_PARTS])


def _part(ink: Ink, found: Components, chosen: Mask, place: Place) -> tuple[Part, Ink]:
    """Cut some components out, with the soft edges that no other component has."""
    boxes = found.boxes[chosen]
    box = Box(*boxes[:, :2].min(axis=0).tolist(), *boxes[:, 2:].max(axis=0).tolist())
    within = slice(box.top, box.bottom), slice(box.left, box.right)
    cut = ink[within] if chosen.all() else np.where(found.painted(chosen)[within], ink[within], 0)
    return Part(place.box(box), in_mnist_form(cut)), cut
