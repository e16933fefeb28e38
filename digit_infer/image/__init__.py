"""Any picture -> what it shows: grey pixels, ink, pieces, and images of 28 x 28 in MNIST's own form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from digit_infer.image.arrays import as_array, is_array_like, scale_of_all
from digit_infer.image.grey import ONE_DIGIT_SIDE, PictureSource, decode, decode_page, frames
from digit_infer.image.plain_look import plain_look

if TYPE_CHECKING:
    from digit_infer.image.arrays import Scale
    from digit_infer.image.grey import Grey
    from digit_infer.image.one_digit import Look

__all__ = [
    "PictureSource",
    "Seen",
    "as_array",
    "decode",
    "decode_page",
    "frames",
    "is_array_like",
    "plain_look",
    "scale_of_all",
    "seen",
]


@dataclass(frozen=True, eq=False)
class Seen:
    """A picture as grey pixels, uint8 [H, W], and the plain look at it, None where the background is uneven or blank.

    ``page`` is which page or frame of its file it is, from 1, and ``pages`` how many that has.
    """

    grey: Grey
    plain: Look | None
    page: int = 1
    pages: int = 1


def seen(source: PictureSource, page: int | None = None, scale: Scale | None = None) -> Seen:
    """Decode a picture of one digit and look at it; the arguments are those of ``decode_page``.

    Raises:
        PictureError: it cannot be read, or has no such page.
    """
    found = decode_page(source, ONE_DIGIT_SIDE, page, scale)
    return Seen(found.grey, plain_look(found.grey, even=True), found.number, found.count)
