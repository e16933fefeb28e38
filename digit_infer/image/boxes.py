"""A picture of what was found on a page: a box around each digit, and what it was read as."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from digit_infer.files import replacing
from digit_infer.image.box import Box

if TYPE_CHECKING:
    from digit_infer.image.decode import Grey

_SURE, _DOUBTFUL = (30, 120, 60), (200, 60, 40)
_DOUBT = 0.9
"""What is believed less than this is drawn in red."""

_SMALLEST = 640
"""Small pictures are enlarged to this side, so that the figures can be read."""


def drawn_boxes(grey: Grey, digits: Iterable[tuple[Box, str, float]]) -> Image.Image:
    """Draw a page uint8 [H, W] with a box, a figure and a colour by confidence for each digit."""
    scale = max(1, -(-_SMALLEST // max(grey.shape)))
    page = Image.fromarray(grey).resize((grey.shape[1] * scale, grey.shape[0] * scale), Image.Resampling.NEAREST)
    drawn = page.convert("RGB")
    draw = ImageDraw.Draw(drawn)
    for box, figure, confidence in digits:
        left, top, right, bottom = (edge * scale for edge in (box.left, box.top, box.right, box.bottom))
        colour = _SURE if confidence >= _DOUBT else _DOUBTFUL
        draw.rectangle((left - 3, top - 3, right + 2, bottom + 2), outline=colour, width=2)
        draw.text((left - 3, top - 4), figure, colour, ImageFont.load_default(max(16, (bottom - top) // 3)), anchor="ls")
    return drawn


def save_boxes(path: Path, grey: Grey, digits: Iterable[tuple[Box, str, float]]) -> None:
    """Write the picture as a PNG."""
    with replacing(path) as temporary:
        drawn_boxes(grey, digits).save(temporary, "PNG")
