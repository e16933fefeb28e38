"""Out-of-distribution pictures: they show no digit, and are drawn differently than in training: fonts, shapes, noise.

They are large, as users' pictures are, and go through the whole normaliser. Letters that resemble a digit (O, o, I, i, l,
S, s, Z, z, B, b, D, g, q, G) are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Drawing: TypeAlias = Callable[[np.random.Generator], Image.Image]

LETTERS = "ACEFHJKMNPQRTUVWXYacdefhkmnprtuvwxy"
SIGNS = "#%&@?!+=*<>{}~$€"
_SIDE = 200


def letter(draw: np.random.Generator) -> Image.Image:
    """A printed letter, slightly rotated."""
    return _printed(str(draw.choice(list(LETTERS))), draw)


def sign(draw: np.random.Generator) -> Image.Image:
    """A printed sign."""
    return _printed(str(draw.choice(list(SIGNS))), draw)


def word(draw: np.random.Generator) -> Image.Image:
    """A printed word of three or four letters."""
    return _printed("".join(draw.choice(list(LETTERS), int(draw.integers(3, 5)))), draw, size=60)


def _printed(text: str, draw: np.random.Generator, size: int = 130) -> Image.Image:
    page = Image.new("L", (_SIDE, _SIDE), 235)
    pen = ImageDraw.Draw(page)
    pen.text(
        (_SIDE / 2, _SIDE / 2), text, 40, ImageFont.load_default(size), anchor="mm", stroke_width=int(draw.integers(3))
    )
    return page.rotate(float(draw.uniform(-12, 12)), Image.Resampling.BICUBIC, fillcolor=235)


def blank(draw: np.random.Generator) -> Image.Image:
    """An empty sheet with some grain."""
    return _grey(np.full((_SIDE, _SIDE), draw.uniform(30, 240)) + draw.normal(0, draw.uniform(0, 6), (_SIDE, _SIDE)))


def noise(draw: np.random.Generator) -> Image.Image:
    """Noise of random scale and strength."""
    cells = int(draw.choice([10, 25, 50, 100, 200]))
    grain = _grey(draw.normal(128, draw.uniform(25, 90), (cells, cells)))
    return grain.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)


def clothes(draw: np.random.Generator) -> Image.Image:
    """A filled outline with sleeves, legs or a heel, in greys, as in Fashion-MNIST."""
    page = Image.new("L", (_SIDE, _SIDE), 0)
    pen = ImageDraw.Draw(page)
    tone = int(draw.integers(110, 256))
    wide, high = draw.uniform(35, 60), draw.uniform(60, 85)
    middle = _SIDE / 2
    kind = draw.integers(4)
    if kind == 0:  # a shirt
        pen.rectangle((middle - wide, middle - high, middle + wide, middle + high), tone)
        for side in (-1, 1):
            arm = draw.uniform(20, 40)
            corners = [(wide, -high), (wide + arm, -high + 30), (wide + arm, high - 20), (wide, -high + 60)]
            pen.polygon([(middle + side * x, middle + y) for x, y in corners], tone)
    elif kind == 1:  # trousers
        for side in (-1, 1):
            corners = [(0, -high), (wide, -high), (wide * 0.9, high), (12, high)]
            pen.polygon([(middle + side * x, middle + y) for x, y in corners], tone)
    elif kind == 2:  # a shoe
        pen.polygon([(20, 130), (60, 90), (90, 100), (175, 60), (185, 150), (20, 150)], tone)
    else:  # a bag
        pen.rectangle((40, 90, 160, 170), tone)
        pen.arc((70, 40, 130, 140), 180, 360, tone, 10)
    grain = draw.normal(0, 14, (_SIDE, _SIDE)) * (np.asarray(page) > 0)
    return _grey(np.asarray(page) + grain)


def shape(draw: np.random.Generator) -> Image.Image:
    """A star-shaped polygon with three to six corners."""
    page = Image.new("L", (_SIDE, _SIDE), 240)
    pen = ImageDraw.Draw(page)
    corners = int(draw.choice([3, 4, 5, 6]))
    turn, thick = draw.uniform(0, 2 * np.pi), int(draw.integers(4, 12))
    angles = turn + np.arange(2 * corners) * np.pi / corners
    reach = np.where(np.arange(2 * corners) % 2, draw.uniform(0.35, 0.6), 1) * 80
    points = [(_SIDE / 2 + r * np.cos(a), _SIDE / 2 + r * np.sin(a)) for r, a in zip(reach, angles, strict=True)]
    pen.line([*points, points[0]], 50, thick, "curve")
    return page.filter(ImageFilter.GaussianBlur(1))


def scribble(draw: np.random.Generator) -> Image.Image:
    """A line through random points."""
    page = Image.new("L", (_SIDE, _SIDE), 240)
    points = draw.uniform(25, 175, (int(draw.integers(9, 20)), 2))
    ImageDraw.Draw(page).line([(float(x), float(y)) for x, y in points], 50, int(draw.integers(3, 9)), "curve")
    return page


def _grey(values: np.ndarray[tuple[int, ...], np.dtype[np.floating]]) -> Image.Image:
    return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))


OUT_OF_DISTRIBUTION: dict[str, Drawing] = {
    kind.__name__: kind for kind in (letter, sign, word, blank, noise, clothes, shape, scribble)
}
