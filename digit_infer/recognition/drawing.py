"""Draws results: a strip that explains one prediction, and a page with boxes around its digits."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from digit_infer.files import atomic_write

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.image.grey import Grey
    from digit_infer.image.mnist_form import Box
    from digit_infer.prediction import Explanation

_PANEL = 280
_PANEL_GAP = 16
_CAPTION = 28
_TEXT = (20, 20, 20)
_ACCENT = (200, 60, 40)
_PALE = (190, 200, 215)
_EMPTY = (235, 235, 235)
_LOOKS = {
    "given": "in MNIST's form already",
    "plain": "ink, by the plain look",
    "network": "ink, by the ink network",
}

_SURE = (30, 120, 60)
_SIGN = (90, 110, 170)
_DOUBT = 0.9
"""Digits below this confidence are drawn in red."""

_SMALLEST_PAGE = 640
"""Pages with a shorter longest side, in pixels, are enlarged for legibility."""


def explanation_strip(explained: Explanation) -> Image.Image:
    """Draw four panels: the picture with the digit's box, the ink, the classifier's input, the probabilities."""
    prediction = explained.prediction
    panels = [
        ("picture, and the box of its ink", _boxed(explained)),
        (_LOOKS[prediction.look] if explained.look else "no ink", _panel(_ink_of(explained))),
        ("28 by 28, as the network saw it", _panel(prediction.image)),
        (prediction.reason or "probabilities", _bars(prediction.probabilities)),
    ]
    width = len(panels) * (_PANEL + _PANEL_GAP) + _PANEL_GAP
    strip = Image.new("RGB", (width, _PANEL + _CAPTION + 2 * _PANEL_GAP), "white")
    draw = ImageDraw.Draw(strip)
    for number, (caption, panel) in enumerate(panels):
        left = _PANEL_GAP + number * (_PANEL + _PANEL_GAP)
        draw.text((left, _PANEL_GAP), caption, _TEXT, _font(16))
        strip.paste(panel, (left, _PANEL_GAP + _CAPTION))
    return strip


def save_explanation(path: Path, explained: Explanation) -> None:
    """Write the strip as a PNG."""
    with atomic_write(path) as temporary:
        explanation_strip(explained).save(temporary, "PNG")


def drawn_boxes(grey: Grey, parts: Iterable[tuple[Box, str, float | None]]) -> Image.Image:
    """Draw a page uint8 [H, W] with the box and the text of each part, coloured by its confidence; a sign has none."""
    scale = max(1, -(-_SMALLEST_PAGE // max(grey.shape)))
    page = Image.fromarray(grey).resize((grey.shape[1] * scale, grey.shape[0] * scale), Image.Resampling.NEAREST)
    drawn = page.convert("RGB")
    draw = ImageDraw.Draw(drawn)
    for box, figure, confidence in parts:
        left, top, right, bottom = (edge * scale for edge in (box.left, box.top, box.right, box.bottom))
        colour = _SIGN if confidence is None else _SURE if confidence >= _DOUBT else _ACCENT
        draw.rectangle((left - 3, top - 3, right + 2, bottom + 2), outline=colour, width=2)
        draw.text((left - 3, top - 4), figure, colour, _font(max(16, (bottom - top) // 3)), anchor="ls")
    return drawn


def save_boxes(path: Path, grey: Grey, parts: Iterable[tuple[Box, str, float | None]]) -> None:
    """Write the page with its boxes as a PNG."""
    with atomic_write(path) as temporary:
        drawn_boxes(grey, parts).save(temporary, "PNG")


def _ink_of(explained: Explanation) -> NDArray[np.uint8]:
    """Return the ink in picture coordinates, black on white: uint8 [H, W]."""
    sheet = np.full(explained.grey.shape, 255, np.uint8)
    if explained.look is not None:
        box, ink = explained.look.whole.box, explained.look.ink
        size = (box.width, box.height)
        sheet[box.top : box.bottom, box.left : box.right] = 255 - np.asarray(Image.fromarray(ink).resize(size))
    return sheet


def _panel(pixels: NDArray[np.uint8]) -> Image.Image:
    """Fit a greyscale picture into a square panel on a pale background."""
    picture = Image.fromarray(np.ascontiguousarray(pixels)).convert("RGB")
    scale = _PANEL / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    picture = picture.resize(size, Image.Resampling.NEAREST if scale > 1 else Image.Resampling.BOX)
    panel = Image.new("RGB", (_PANEL, _PANEL), _EMPTY)
    panel.paste(picture, ((_PANEL - size[0]) // 2, (_PANEL - size[1]) // 2))
    return panel


def _boxed(explained: Explanation) -> Image.Image:
    panel = _panel(explained.grey)
    if explained.box is None:
        return panel
    height, width = explained.grey.shape
    scale = _PANEL / max(height, width)
    left, top = (_PANEL - width * scale) / 2, (_PANEL - height * scale) / 2
    box = explained.box
    corners = (left + box.left * scale, top + box.top * scale, left + box.right * scale - 1, top + box.bottom * scale - 1)
    ImageDraw.Draw(panel).rectangle(
        (*corners[:2], max(corners[2], corners[0]), max(corners[3], corners[1])), None, _ACCENT, 2
    )
    return panel


def _bars(probabilities: NDArray[np.float32]) -> Image.Image:
    panel = Image.new("RGB", (_PANEL, _PANEL), "white")
    draw = ImageDraw.Draw(panel)
    row = _PANEL / len(probabilities)
    best = int(probabilities.argmax())
    for digit, probability in enumerate(probabilities):
        top = digit * row
        draw.text((4, top + 4), str(digit), _TEXT, _font(16))
        length = float(probability) * 180
        colour = _ACCENT if digit == best else _PALE
        draw.rectangle((24, top + 5, 24 + max(length, 1), top + row - 5), fill=colour)
        draw.text((32 + length, top + 5), f"{100 * float(probability):.1f} %", _TEXT, _font(14))
    return panel


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
