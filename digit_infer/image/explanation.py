"""One strip that shows how a picture became an answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from digit_infer.files import replacing
from digit_infer.image.mnist_form import Normalized
from digit_infer.prediction import NO_DIGIT

if TYPE_CHECKING:
    from digit_infer.contract import Images, Probabilities
    from digit_infer.prediction import Prediction

_PANEL = 280
_GAP = 16
_CAPTION = 28
_INK = (20, 20, 20)
_ACCENT = (200, 60, 40)
_PALE = (190, 200, 215)


def explanation(seen: Normalized, prediction: Prediction) -> Image.Image:
    """Draw four panels: the picture with the box of its ink, the ink, the image that the network saw, ten bars."""
    panels = [
        ("picture, and the box of its ink", _boxed(seen)),
        ("what was taken for ink", _panel(255 - seen.ink)),
        ("28 by 28, as the network saw it", _panel(seen.image)),
        ("probabilities" if prediction.is_digit else NO_DIGIT, _bars(prediction.probabilities)),
    ]
    width = len(panels) * (_PANEL + _GAP) + _GAP
    strip = Image.new("RGB", (width, _PANEL + _CAPTION + 2 * _GAP), "white")
    draw = ImageDraw.Draw(strip)
    for number, (caption, panel) in enumerate(panels):
        left = _GAP + number * (_PANEL + _GAP)
        draw.text((left, _GAP), caption, _INK, _font(16))
        strip.paste(panel, (left, _GAP + _CAPTION))
    return strip


def save_explanation(path: Path, seen: Normalized, prediction: Prediction) -> None:
    """Write the strip as a PNG."""
    with replacing(path) as temporary:
        explanation(seen, prediction).save(temporary, "PNG")


def _panel(pixels: Images) -> Image.Image:
    """Fit a grey picture into a square panel on a pale ground."""
    picture = Image.fromarray(np.ascontiguousarray(pixels)).convert("RGB")
    scale = _PANEL / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    picture = picture.resize(size, Image.Resampling.NEAREST if scale > 1 else Image.Resampling.BOX)
    panel = Image.new("RGB", (_PANEL, _PANEL), (235, 235, 235))
    panel.paste(picture, ((_PANEL - size[0]) // 2, (_PANEL - size[1]) // 2))
    return panel


def _boxed(seen: Normalized) -> Image.Image:
    panel = _panel(seen.grey)
    height, width = seen.grey.shape
    scale = _PANEL / max(height, width)
    left, top = (_PANEL - width * scale) / 2, (_PANEL - height * scale) / 2
    box = seen.box
    ImageDraw.Draw(panel).rectangle(
        (
            left + box.left * scale,
            top + box.top * scale,
            left + box.right * scale - 1,
            top + box.bottom * scale - 1,
        ),
        outline=_ACCENT,
        width=2,
    )
    return panel


def _bars(probabilities: Probabilities) -> Image.Image:
    panel = Image.new("RGB", (_PANEL, _PANEL), "white")
    draw = ImageDraw.Draw(panel)
    row = _PANEL / len(probabilities)
    best = int(probabilities.argmax())
    for digit, probability in enumerate(probabilities):
        top = digit * row
        draw.text((4, top + 4), str(digit), _INK, _font(16))
        length = float(probability) * 180
        colour = _ACCENT if digit == best else _PALE
        draw.rectangle((24, top + 5, 24 + max(length, 1), top + row - 5), fill=colour)
        draw.text((32 + length, top + 5), f"{100 * float(probability):.1f} %", _INK, _font(14))
    return panel


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
