"""Any picture -> what it shows: grey pixels, ink, pieces, and images of 28 x 28 in MNIST's own form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from digit_infer.image.decode import ONE_DIGIT_SIDE, PictureSource, decode
from digit_infer.image.plain_look import plain_look

if TYPE_CHECKING:
    from digit_infer.image.decode import Grey
    from digit_infer.image.look import Look

__all__ = ["PictureSource", "Seen", "decode", "plain_look", "seen"]


@dataclass(frozen=True, eq=False)
class Seen:
    """A picture as grey pixels, uint8 [H, W], and the plain look at it, None where nothing stands out."""

    grey: Grey
    plain: Look | None


def seen(source: PictureSource) -> Seen:
    """Decode a picture of one digit and look at it.

    Raises:
        PictureError: it cannot be read.
    """
    grey = decode(source, ONE_DIGIT_SIDE)
    return Seen(grey, plain_look(grey))
