"""The ink of a page, turned or not -> its lines: what is printed is removed, and pieces are put in order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from digit_infer.image.page import lines_of
from digit_infer.image.ruling import rules_of

if TYPE_CHECKING:
    from digit_infer.image.grey import Grey
    from digit_infer.image.one_digit import Ink
    from digit_infer.image.page import Place

BESIDE_PLAIN = 2
BESIDE_NETWORK = 3
"""Pixels on each side of a printed line that are removed with it, in the ink of either look (pages: tables,
filled_boxes)."""


@dataclass(frozen=True, eq=False)
class PageLook:
    """Ink uint8 [H, W], the level above which pixels form components, and the ink in which printed lines are whole.

    ``beside``: pixels on each side of a printed line that are removed with it.
    """

    ink: Ink
    level: int
    plain: Ink
    beside: int

    def turned(self, degrees: int) -> PageLook:
        """Return it rotated counterclockwise; the page grows so that all of it is kept."""
        return replace(self, ink=rotated(self.ink, degrees), plain=rotated(self.plain, degrees))


@dataclass(frozen=True, eq=False)
class Layout:
    """The lines of a page of this shape, turned by some degrees, and whether digits may be lost at its edge."""

    lines: list[list[Place]]
    loses_ink: bool
    degrees: int
    shape: tuple[int, ...]


def laid_out(look: PageLook, degrees: int = 0) -> Layout:
    """Put what is written on a page in lines, after turning it counterclockwise.

    Raises:
        UnreadablePictureError: more pieces stand out than a page has digits.
    """
    look = look.turned(degrees) if degrees else look
    rules = rules_of(look.plain)
    ink = rules.without(look.ink, look.beside)
    lines, loses_ink = lines_of(ink, (look.ink > look.level) & (ink > 0), rules.cells)
    return Layout(lines, loses_ink, degrees, ink.shape)


def rotated(grey: Grey, degrees: int, ground: int = 0) -> Grey:
    """Return a picture rotated counterclockwise, on a larger sheet of that grey if its corners do not fit."""
    if degrees % 90 == 0:
        return np.ascontiguousarray(np.rot90(grey, degrees // 90))
    image = Image.fromarray(grey)
    return np.asarray(image.rotate(degrees, Image.Resampling.BILINEAR, expand=True, fillcolor=ground))
