"""Pictures of no digit, of kinds that no training here contains: letters of three scripts, doodles, prints and so on.

The letters are those of DejaVu Sans, which matplotlib brings. Letters that look like a digit are left out: some by our
choice, and twelve because three vision models, which saw them among digits and knew no answer of ours, all took them for
a digit or were in doubt: Lao kho sung and lo ling; Georgian man, nar, par, tar and cil; Armenian gim, ken, ghad, jheh
and vew.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from bench.robustness.out_of_distribution import clothes

if TYPE_CHECKING:
    from bench.robustness.out_of_distribution import Drawing

    Draw = np.random.Generator

_LAO = "ກຄຊຍດຕຖທນບປຜຝພຟມຢສຫຮ"
_GEORGIAN = "დთლჟრსუფქღშჩჭ"
_ARMENIAN = "ԱԲԴԵԸԹԺԻԼԽՀՃՄՆՈՊՌՐՒՓՖ"
_SIDE = 200


def lao(draw: Draw) -> Image.Image:
    """A letter of the Lao script."""
    return _letter(_LAO, draw)


def georgian(draw: Draw) -> Image.Image:
    """A letter of the Georgian script."""
    return _letter(_GEORGIAN, draw)


def armenian(draw: Draw) -> Image.Image:
    """A capital of the Armenian script."""
    return _letter(_ARMENIAN, draw)


def _letter(letters: str, draw: Draw) -> Image.Image:
    """Print a letter, sheared, rotated, and with a random stroke width."""
    page = Image.new("L", (_SIDE, _SIDE), 235)
    ImageDraw.Draw(page).text(
        (_SIDE / 2, _SIDE / 2), str(draw.choice(list(letters))), 40, _font(int(draw.integers(80, 131))), anchor="mm",
        stroke_width=int(draw.integers(6)),
    )  # fmt: skip
    lean = draw.normal(0, 0.12)
    leaned = page.transform(
        page.size, Image.Transform.AFFINE, (1, lean, -lean * _SIDE / 2, 0, 1, 0), Image.Resampling.BICUBIC, fillcolor=235
    )
    return leaned.rotate(float(draw.uniform(-10, 10)), Image.Resampling.BICUBIC, fillcolor=235)


@cache
def _font(height: int) -> ImageFont.FreeTypeFont:
    import matplotlib as mpl  # brings the font

    return ImageFont.truetype(str(Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"), height)


def doodle(draw: Draw) -> Image.Image:
    """A house, a face, a tree, a sun, a cup or a fish, by a pen."""
    page = Image.new("L", (_SIDE, _SIDE), 240)
    pen, width = ImageDraw.Draw(page), int(draw.integers(3, 11))
    left, top, right, bottom = (round(edge + draw.uniform(-12, 12)) for edge in (50, 80, 150, 160))
    middle, kind = (left + right) // 2, draw.integers(6)
    if kind == 0:
        pen.rectangle((left, top, right, bottom), outline=40, width=width)
        pen.line((left, top, middle, top - 45, right, top), 40, width, "curve")
        pen.rectangle((middle - 10, bottom - 35, middle + 10, bottom), outline=40, width=width)
    elif kind == 1:
        pen.ellipse((left, top - 25, right, bottom), outline=40, width=width)
        for eye in (left + 30, right - 30):
            pen.ellipse((eye - 5, top + 5, eye + 5, top + 15), 40)
        pen.arc((left + 25, top + 10, right - 25, bottom - 15), 20, 160, 40, width)
    elif kind == 2:
        pen.line((middle, bottom + 15, middle, top + 40), 40, width + 3)
        for height in (0, 25, 50):
            pen.line((left + 20, top + height, middle, top + height - 35, right - 20, top + height), 40, width, "curve")
    elif kind == 3:
        pen.ellipse((middle - 28, 92, middle + 28, 148), outline=40, width=width)
        for angle in np.linspace(0, 2 * np.pi, int(draw.integers(7, 12)), endpoint=False):
            across, down = np.cos(angle), np.sin(angle)
            pen.line((middle + 38 * across, 120 + 38 * down, middle + 66 * across, 120 + 66 * down), 40, width)
    elif kind == 4:
        pen.line((left, top, left + 12, bottom, right - 30, bottom, right - 18, top, left, top), 40, width, "curve")
        pen.arc((right - 45, top + 10, right + 15, bottom - 20), -80, 90, 40, width)
    else:
        pen.ellipse((left, top + 5, right, bottom - 15), outline=40, width=width)
        pen.line((right - 4, 115, right + 30, top, right + 30, bottom, right - 4, 118), 40, width, "curve")
        pen.ellipse((left + 18, top + 25, left + 27, top + 34), 40)
    return page.rotate(float(draw.uniform(-10, 10)), Image.Resampling.BICUBIC, fillcolor=240)


def knot(draw: Draw) -> Image.Image:
    """A curve that swings to and fro in both directions, and closes (J. A. Lissajous)."""
    page = Image.new("L", (_SIDE, _SIDE), 240)
    across, down = [(1, 3), (2, 3), (3, 2), (3, 4), (3, 5), (4, 3), (2, 5)][draw.integers(7)]
    time, phase = np.linspace(0, 2 * np.pi, 300), draw.uniform(0.3, 1.2)
    x, y = 100 + 62 * np.sin(across * time + phase), 100 + 62 * np.sin(down * time)
    ImageDraw.Draw(page).line([*zip(x.tolist(), y.tolist(), strict=True)], 40, int(draw.integers(3, 10)), "curve")
    return page


def finger_print(draw: Draw) -> Image.Image:
    """Waves around a core, within an oval."""
    down, across = np.mgrid[-1 : 1 : _SIDE * 1j, -1 : 1 : _SIDE * 1j]
    wide, high = draw.uniform(0.45, 0.6), draw.uniform(0.65, 0.85)
    bend = 0.12 * np.sin(3 * across + draw.uniform(0, 6)) + 0.12 * np.sin(4 * down + draw.uniform(0, 6))
    waves = np.sin(draw.uniform(22, 42) * np.hypot(across + bend, 0.7 * (down - 0.1) + bend) + draw.uniform(0, 6))
    inside = (across / wide) ** 2 + (down / high) ** 2 < 1
    ink = np.where(inside & (waves > draw.uniform(-0.3, 0.4)), 60, 235).astype(np.uint8)
    return Image.fromarray(ink).filter(ImageFilter.GaussianBlur(1))


def matrix_code(draw: Draw) -> Image.Image:
    """A square of black and white cells, as printed on tickets."""
    cells = int(draw.integers(9, 22))
    code = (draw.random((cells, cells)) < 0.5) * 225
    code[0], code[:, 0] = 0, 0
    inner = Image.fromarray(code.astype(np.uint8)).resize((130, 130), Image.Resampling.NEAREST)
    page = Image.new("L", (_SIDE, _SIDE), 235)
    page.paste(inner, (35, 35))
    return page.rotate(float(draw.uniform(-15, 15)), Image.Resampling.BICUBIC, fillcolor=235)


UNSEEN_NON_DIGITS: dict[str, Drawing] = {
    kind.__name__: kind for kind in (lao, georgian, armenian, doodle, knot, clothes, finger_print, matrix_code)
}
