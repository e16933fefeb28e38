"""Explanation strips of pictures, as ``--explain`` draws them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from bench.robustness.drawn_pictures import KINDS
from digit_infer import Predictor, dataset
from digit_infer.image import PictureSource
from digit_infer.recognition.drawing import explanation_strip

_SEED = 20_261_203
_COLOURS = 128


def pictures() -> list[Image.Image]:
    """Draw a clean canvas, a sheet in shadow, a sheet on a table, and several digits on a sheet, from test digits."""
    test = dataset.load("test")
    draw = np.random.default_rng(_SEED)
    drawn = [KINDS[kind](digit, draw) for kind, digit in zip(("canvas", "shadowed", "on_table"), test.images, strict=False)]
    sheet = np.full((280, 420), 232, np.uint8)
    for number, digit in enumerate(test.images[[4, 6]]):
        large = np.asarray(Image.fromarray(digit).resize((168, 168), Image.Resampling.BICUBIC), np.float32) / 255
        left = 20 + 200 * number
        sheet[56:224, left : left + 168] = np.rint(232 - 180 * large)
    return [*drawn, Image.fromarray(sheet)]


def draw_strips(path: Path, shown: Sequence[PictureSource]) -> None:
    """Write the strips of pictures, one below the other, with few colours to keep the file small."""
    with Predictor() as predictor:
        strips = [explanation_strip(predictor.explain(picture)) for picture in shown]
    together = Image.new("RGB", (strips[0].width, sum(strip.height for strip in strips)), "white")
    for number, strip in enumerate(strips):
        together.paste(strip, (0, number * strip.height))
    together.quantize(_COLOURS).save(path, optimize=True)
