"""HTML for notebooks: images are inline, and there are no scripts and no external resources."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Literal

import numpy as np
from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SIDE = 112
"""Displayed size of the 28 x 28 image, in pixels."""

_PAGE = 640
_MOST = 100
"""Longest side of a displayed page in pixels, and the number of digits shown: a notebook cell stays small."""

_ACCENT, _PALE = "#c83c28", "#bec8d7"


def prediction_html(title: str, image: NDArray[np.uint8], probabilities: NDArray[np.float32]) -> str:
    """Return HTML of a title, the network's input uint8 [28, 28], and a bar for each of the probabilities [10]."""
    seen = _picture(_digit(image), "PNG", "the 28 by 28 image that the network saw", _SIDE)
    return f"<div>{escape(title)}<br>{seen} {_bars(probabilities)}</div>"


def reading_html(
    text: str,
    grey: NDArray[np.uint8],
    boxes: Sequence[tuple[int, int, int, int]],
    images: Sequence[NDArray[np.uint8]],
) -> str:
    """Return HTML of a page: its text, the picture uint8 [H, W] with boxes, and its digits' images uint8 [28, 28].

    A box is (left, top, right, bottom) in pixels of the page.
    """
    page = _boxed(grey, boxes)
    seen = " ".join(_picture(_digit(image), "PNG", "a digit as the network saw it", _SIDE // 4) for image in images[:_MOST])
    rest = f" and {len(images) - _MOST} more" if len(images) > _MOST else ""
    drawn = _picture(page, "JPEG", "the page with a box around each digit", page.width)
    return f"<div><pre>{escape(text) or 'no digits found'}</pre>{drawn}<br>{seen}{rest}</div>"


def _boxed(grey: NDArray[np.uint8], boxes: Sequence[tuple[int, int, int, int]]) -> Image.Image:
    """Draw the boxes on the page, downscaled if large."""
    page = Image.fromarray(grey).convert("RGB")
    scale = min(1.0, _PAGE / max(page.size))
    page = page.resize((max(1, round(page.width * scale)), max(1, round(page.height * scale))), Image.Resampling.BOX)
    draw = ImageDraw.Draw(page)
    for left, top, right, bottom in boxes:
        draw.rectangle((left * scale - 1, top * scale - 1, right * scale, bottom * scale), outline=_ACCENT)
    return page


def _digit(image: NDArray[np.uint8]) -> Image.Image:
    """Return uint8 [28, 28] with dark ink on white."""
    return Image.fromarray(np.subtract(255, image, dtype=np.uint8))


def _picture(image: Image.Image, file_format: Literal["PNG", "JPEG"], words: str, width: int) -> str:
    stored = io.BytesIO()
    image.save(stored, file_format)
    source = f"data:image/{file_format.lower()};base64,{base64.b64encode(stored.getvalue()).decode('ascii')}"
    style = "image-rendering: pixelated; border: 1px solid #ccc; display: inline-block; vertical-align: top"
    return f'<img src="{source}" alt="{escape(words)}" width="{width}" style="{style}">'


def _bars(probabilities: NDArray[np.float32]) -> str:
    """Draw the probabilities as SVG bars, the largest highlighted."""
    rows = []
    for digit, probability in enumerate(map(float, probabilities)):
        top, length = 11 * digit, 120 * probability
        colour = _ACCENT if digit == int(probabilities.argmax()) else _PALE
        rows.append(
            f'<text x="0" y="{top + 9}">{digit}</text>'
            f'<rect x="12" y="{top + 1}" width="{max(1, length):.1f}" height="9" fill="{colour}"/>'
            f'<text x="{16 + length:.1f}" y="{top + 9}">{100 * probability:.2f} %</text>'
        )
    style = 'font-size="9" font-family="sans-serif" fill="currentColor"'
    return f'<svg width="200" height="{_SIDE}" {style}>{"".join(rows)}</svg>'
