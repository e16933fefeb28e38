"""Everything on a training picture except handwriting: lines, frames, printed words, dust, and objects of other brightness.

All of it is drawn at random, not after particular uses, so that the network needs no special case for a form, a plot or a
table.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Layer = NDArray[np.float32]
    """float32 [S, S] in 0..1"""

    Draw = np.random.Generator

_FONTS = ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSerif", "DejaVuSansMono", "STIXGeneral", "cmr10", "cmss10", "cmtt10")
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:;-/()%&+=#"
_FINER = 2
_ROUND = 0.2
"""The share of round sheets."""


def ruled(side: int, draw: Draw) -> Layer:
    """Draw one family of parallel lines or two, some lines at random across the picture or in part, or rectangles."""
    big = side * _FINER
    canvas = Image.new("L", (big * 2, big * 2))
    pencil = ImageDraw.Draw(canvas)
    width = int(draw.choice([1, 2, 2, 3, 4, 6]))
    grey = int(draw.integers(90, 256))
    if draw.random() < 0.35:
        for _ in range(int(draw.integers(1, 9))):
            place, size = draw.uniform(0.4, 1.5, 2) * big, np.exp(draw.uniform(np.log(0.08), np.log(1.2), 2)) * big
            pencil.rectangle((*place.tolist(), *(place + size).tolist()), outline=grey, width=width)
    elif draw.random() < 0.65:
        pitch, first = float(np.exp(draw.uniform(np.log(8), np.log(100)))) * _FINER, float(draw.uniform(0, 60))
        both = draw.random() < 0.45
        for line in np.arange(first, 2 * big, pitch):
            pencil.line((0, line, 2 * big, line), grey, width)
            if both:
                pencil.line((line, 0, line, 2 * big), grey, width)
    else:
        for _ in range(int(draw.integers(1, 4))):
            at, slope = draw.uniform(0.5, 1.5) * big, draw.normal(0, 0.04) * big
            first, last = np.sort(draw.uniform(0.5, 1.5, 2)) * big if draw.random() < 0.5 else (0, 2 * big)
            if draw.random() < 0.6:
                pencil.line((first, at - slope, last, at + slope), grey, width)
            else:
                pencil.line((at - slope, first, at + slope, last), grey, width)
    turned = canvas.rotate(draw.normal(0, 4) if draw.random() < 0.7 else 0.0, Image.Resampling.BILINEAR)
    edge = big // 2
    return _layer(turned.crop((edge, edge, edge + big, edge + big)))


def frame(side: int, box: tuple[float, float, float, float], draw: Draw) -> Layer:
    """Draw a box, a box in part, or an oval, around a place with some room."""
    left, top, right, bottom = box
    size = max(right - left, bottom - top)
    room = draw.uniform(0.05, 0.6, 4) * size + 3
    around = np.array([left, top, right, bottom]) + room * (-1, -1, 1, 1)
    width = max(1, round(draw.uniform(0.7, 4) * _FINER))
    canvas = Image.new("L", (side * _FINER, side * _FINER))
    pencil = ImageDraw.Draw(canvas)
    x0, y0, x1, y1 = (around * _FINER).tolist()
    grey = int(draw.integers(110, 256))
    kind = draw.random()
    if kind < 0.42:
        _ring(pencil, (x0, y0, x1, y1), grey, width, draw)
    elif kind < 0.65:
        pencil.rectangle((x0, y0, x1, y1), outline=grey, width=width)
    else:
        sides = [(x0, y0, x1, y0), (x1, y0, x1, y1), (x0, y1, x1, y1), (x0, y0, x0, y1)]
        for start in draw.permutation(4)[: int(draw.integers(1, 4))]:
            pencil.line(sides[start], grey, width)
    return _layer(canvas.rotate(draw.normal(0, 2), Image.Resampling.BILINEAR) if draw.random() < 0.5 else canvas)


def _ring(pencil: ImageDraw.ImageDraw, box: tuple[float, ...], grey: int, width: int, draw: Draw) -> None:
    """Draw once around a box by hand: not quite round, and not quite closed, or with ends that overlap."""
    turn = draw.uniform(0, 2 * np.pi) + np.linspace(0, 2 * np.pi * draw.uniform(0.92, 1.08), 60)
    waves = sum(draw.normal(0, 0.05 / order) * np.cos(order * turn + draw.uniform(0, 6)) for order in (2, 3, 4))
    across, down = (0.5 * (box[axis + 2] - box[axis]) * draw.uniform(1.0, 1.45) for axis in (0, 1))
    if draw.random() < 0.5:
        across = down = max(across, down)
    x = (box[0] + box[2]) / 2 + across * (1 + waves) * np.cos(turn)
    y = (box[1] + box[3]) / 2 + down * (1 + waves) * np.sin(turn)
    pencil.line([*zip(x.tolist(), y.tolist(), strict=True)], grey, width, "curve")


def words(side: int, box: tuple[float, float, float, float], largest: float, draw: Draw) -> Layer:
    """Print some short words beside a box, at most ``largest`` pixels high."""
    canvas = Image.new("L", (side * _FINER, side * _FINER))
    pencil = ImageDraw.Draw(canvas)
    left, top, right, bottom = (edge * _FINER for edge in box)
    for _ in range(int(draw.integers(1, 6))):
        height = max(5.0, draw.uniform(4, max(5.0, largest))) * _FINER
        text = "".join(draw.choice(list(_LETTERS), int(draw.integers(1, 9))))
        font = dejavu(str(draw.choice(_FONTS)), round(height))
        wide = pencil.textlength(text, font)
        x, y = (
            draw.uniform(-0.3 * wide, side * _FINER - 0.5 * wide),
            draw.uniform(-0.3 * height, side * _FINER - 0.6 * height),
        )
        apart = x > right + 2 or x + wide < left - 2 or y > bottom + 2 or y + 1.2 * height < top - 2
        if apart:
            pencil.text((x, y), text, int(draw.integers(120, 256)), font)
    return _layer(canvas)


def dust(side: int, draw: Draw) -> Layer:
    """Scatter specks and short scratches."""
    canvas = Image.new("L", (side * _FINER, side * _FINER))
    pencil = ImageDraw.Draw(canvas)
    for _ in range(int(draw.integers(1, 25))):
        x, y = draw.uniform(0, side * _FINER, 2)
        reach, grey = float(np.exp(draw.uniform(np.log(0.5), np.log(4)))), int(draw.integers(80, 256))
        if draw.random() < 0.8:
            pencil.ellipse((x - reach, y - reach, x + reach, y + reach), grey)
        else:
            pencil.line((x, y, *(np.array([x, y]) + draw.normal(0, 8, 2))), grey, 1)
    return _layer(canvas)


def region(side: int, draw: Draw) -> Layer:
    """Draw a large region with sharp or soft edges: a half-plane, a polygon or an ellipse."""
    canvas = Image.new("L", (side, side))
    pencil = ImageDraw.Draw(canvas)
    kind = draw.random()
    if kind < 0.4:  # all on one side of a line
        angle, place = draw.uniform(0, 2 * np.pi), draw.uniform(-0.45, 0.45) * side
        along, across = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
        middle = side / 2 + place * across
        ends = [middle - 2 * side * along, middle + 2 * side * along]
        ends += [ends[1] + 3 * side * across, ends[0] + 3 * side * across]
        pencil.polygon([tuple(end) for end in ends], 255)
    elif kind < 0.75:
        angles = np.sort(draw.uniform(0, 2 * np.pi, int(draw.integers(3, 8))))
        reach = draw.uniform(0.15, 0.8, len(angles)) * side
        corners = draw.uniform(0, side, 2) + np.stack([np.cos(angles), np.sin(angles)], axis=1) * reach[:, None]
        pencil.polygon([tuple(corner) for corner in corners], 255)
    else:
        x, y = draw.uniform(0, side, 2)
        wide, high = draw.uniform(0.08, 0.6, 2) * side
        pencil.ellipse((x - wide, y - high, x + wide, y + high), 255)
    if draw.random() < 0.55:
        canvas = canvas.filter(ImageFilter.GaussianBlur(float(np.exp(draw.uniform(np.log(0.7), np.log(18))))))
    return _layer(canvas, 1)


def sheet(side: int, box: tuple[float, float, float, float], draw: Draw) -> Layer:
    """Draw a sheet around a box, with edges outside the picture on some sides, or a round one."""
    left, top, right, bottom = box
    free = np.array([left, top, side - right, side - bottom])
    room = np.where(draw.random(4) < 0.5, side, 2 + draw.uniform(0, 1, 4) * np.maximum(free, 4))
    x0, y0, x1, y1 = left - room[0], top - room[1], right + room[2], bottom + room[3]
    corners = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)]) + draw.normal(0, 2.5, (4, 2))
    middle, angle = np.array([(left + right) / 2, (top + bottom) / 2]), np.deg2rad(draw.normal(0, 6))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    canvas = Image.new("L", (side, side))
    if draw.random() < _ROUND:
        reach = np.hypot(right - left, bottom - top) / 2 * draw.uniform(1.05, 2.0, 2)
        ImageDraw.Draw(canvas).ellipse((*(middle - reach).tolist(), *(middle + reach).tolist()), fill=255)
    else:
        ImageDraw.Draw(canvas).polygon([tuple(corner) for corner in middle + (corners - middle) @ turn], 255)
    if draw.random() < 0.7:
        canvas = canvas.filter(ImageFilter.GaussianBlur(draw.uniform(0.4, 1.5)))
    return _layer(canvas, 1)


def cloud(side: int, knots: int, draw: Draw) -> Layer:
    """Return a smooth random surface with mean 0 and deviation about 1 that bends at so many places along each side."""
    cells = draw.normal(0, 1, (knots, knots)).astype(np.float32)
    return np.asarray(Image.fromarray(cells).resize((side, side), Image.Resampling.BICUBIC))


def _layer(canvas: Image.Image, finer: int = _FINER) -> Layer:
    return np.asarray(canvas.reduce(finer) if finer > 1 else canvas, np.float32) / np.float32(255)


@cache
def dejavu(name: str, height: int) -> ImageFont.FreeTypeFont:
    """Return a font of the DejaVu family by the name of its file, for a height in pixels."""
    import matplotlib as mpl  # brings the fonts

    return ImageFont.truetype(str(Path(mpl.get_data_path()) / "fonts" / "ttf" / f"{name}.ttf"), height)
