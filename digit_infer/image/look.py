"""Result of locating a digit: its ink, and parts that may be separate digits."""

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
"""How the ink was found: not at all (already in MNIST's form), by a threshold, or by the ink network."""

_MOST_PARTS = 4
"""Parts that are classified, largest first."""

_LEFT_OUT = 0.02
"""A picture is not clean if more than this share of its ink is left out."""

FEW = 20
_ROOM = 0.3
"""A digit smaller than this in a downscaled picture is located again at full resolution, with this margin around it."""

SOLID = 0.6
"""A picture is not even if ink fills this share of a square around the digit, like a badge, or paper on a table."""


@dataclass(frozen=True)
class Place:
    """Maps a working picture to the grey picture, ``width`` by ``height``; ``scale`` is grey pixels per working pixel."""

    scale: float
    left: float
    top: float
    width: int
    height: int

    def box(self, own: Box) -> Box:
        """Map a box to the grey picture, clipped, at least one pixel in size."""
        left, right = (round(self.left + edge * self.scale) for edge in (own.left, own.right))
        top, bottom = (round(self.top + edge * self.scale) for edge in (own.top, own.bottom))
        left, top = min(max(left, 0), self.width - 1), min(max(top, 0), self.height - 1)
        return Box(left, top, min(max(right, left + 1), self.width), min(max(bottom, top + 1), self.height))


@dataclass(frozen=True, eq=False)
class Part:
    """Ink that may be a digit: its box on the grey picture, and its image uint8 [28, 28] for the classifier."""

    box: Box
    image: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Look:
    """Result of one method of locating a digit.

    Attributes:
        by: the method.
        ink: uint8 [h, w], 255 = ink: the digit's ink, cropped to its box.
        whole: the digit with all its components.
        everything: all ink except frames, if the digit is not all of it; else None.
        parts: components of similar size that may be separate digits, the main one first; none or at least two.
        is_even: whether the background is even, and the ink strokes rather than solid areas.
        is_clean: whether, in addition, almost no ink is left out, and there are no parts.
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
        """The classifier's inputs, uint8 [28, 28], in the order of ``asked``."""
        return [part.image for part in self.asked]

    @property
    def asked(self) -> list[Part]:
        """Candidates for the digit: the whole, then everything, then the parts."""
        return [self.whole, *([] if self.everything is None else [self.everything]), *self.parts]


def around(grey: Grey, box: Box) -> tuple[Grey, int, int]:
    """Crop a picture uint8 [H, W] to a box with a margin; return the crop, its left and its top."""
    room = round(_ROOM * max(box.width, box.height)) + 2
    left, top = max(0, box.left - room), max(0, box.top - room)
    return np.ascontiguousarray(grey[top : box.bottom + room, left : box.right + room]), left, top


def found_in(ink: Ink, mask: Mask, by: By, place: Place, *, is_even: bool) -> Look | None:
    """Locate the digit in ink uint8 [H, W] by the components of a mask [H, W]; None if there is none.

    ``is_even`` is whether the background is even.
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
    """Return components that may be separate digits, the main one first, then by area; none or at least two."""
    large = found.sizes.max(axis=1) >= LIKE * found.sizes[pick.main].max()
    several = np.flatnonzero((pick.chosen & large & ~found.at_edge) | pick.others).tolist()
    if len(several) < 2:
        return ()
    several.sort(key=lambda number: (number != pick.main, -int(found.areas[number])))
    every = np.arange(len(found))
    return tuple(_part(ink, found, every == number, place)[0] for number in several[:_MOST_PARTS])


def _part(ink: Ink, found: Components, chosen: Mask, place: Place) -> tuple[Part, Ink]:
    """Crop components, without the pixels of others."""
    boxes = found.boxes[chosen]
    box = Box(*boxes[:, :2].min(axis=0).tolist(), *boxes[:, 2:].max(axis=0).tolist())
    within = slice(box.top, box.bottom), slice(box.left, box.right)
    cut = ink[within] if chosen.all() else np.where(found.painted(chosen)[within], ink[within], 0)
    return Part(place.box(box), in_mnist_form(cut)), cut
