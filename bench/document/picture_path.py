"""``docs/picture_path.png``: how four pictures are answered, each in one strip as ``--explain`` draws it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from bench.robustness.drawn_pictures import KINDS
from digit_infer import Predictor, dataset
from digit_infer.recognition.drawing import explanation_strip

if TYPE_CHECKING:
    from pathlib import Path

    from digit_infer.prediction import Explanation

PICTURE = "picture_path.png"
_SEED = 20_261_202
_COLOURS = 128


def pictures() -> list[Image.Image]:
    """Draw a clean canvas, a sheet in shadow, a sheet on a table, and several digits on a sheet, around test digits."""
    test = dataset.load("test")
    draw = np.random.default_rng(_SEED)
    drawn = [KINDS[kind](digit, draw) for kind, digit in zip(("canvas", "shadowed", "on_table"), test.images, strict=False)]
    sheet = np.full((280, 420), 232, np.uint8)
    for number, digit in enumerate(test.images[[4, 6]]):
        large = np.asarray(Image.fromarray(digit).resize((168, 168), Image.Resampling.BICUBIC), np.float32) / 255
        left = 20 + 200 * number
        sheet[56:224, left : left + 168] = np.rint(232 - 180 * large)
    return [*drawn, Image.fromarray(sheet)]


def explanations() -> list[Explanation]:
    """Answer the pictures, and keep what led to the answers."""
    from digit_infer import image

    with Predictor() as predictor:
        return [predictor.explain(image.seen(picture)) for picture in pictures()]


def draw_picture_path(path: Path) -> None:
    """Write the strips, one below the other, with few colours, so that the file stays small."""
    strips = [explanation_strip(explained) for explained in explanations()]
    together = Image.new("RGB", (strips[0].width, sum(strip.height for strip in strips)), "white")
    top = 0
    for strip in strips:
        together.paste(strip, (0, top))
        top += strip.height
    together.quantize(_COLOURS).save(path, optimize=True)
