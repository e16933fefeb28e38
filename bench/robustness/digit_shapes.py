"""Shapes of digits that MNIST has few of or none: each is drawn from lines and arcs by a function, as a pen on paper.

Training draws such shapes as well, by other code and from other strokes; nothing is shared.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Path = NDArray[np.float64]
    """float64 [P, 2]: x to the right and y downwards, the digit within about 0..1"""

    Draw = np.random.Generator

Shape: TypeAlias = "Callable[[Draw], list[Path]]"

_SIDE = 200
_HAIR, _MARKER = 0.02, 0.13
"""Pens have between such shares of the digit's height."""


def drawn_shape(shape: Shape, draw: Draw) -> Image.Image:
    """Write a shape on paper, leaning, wavering, by a pen of any width: 200 x 200."""
    lean, narrow = draw.normal(0, 0.12), draw.uniform(0.7, 1.05)
    turn = np.deg2rad(draw.normal(0, 4))
    matrix = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) @ np.array([[narrow, 0], [-lean, 1]])
    waver = draw.normal(0, 0.012, (4, 2))
    height, places = draw.uniform(70, 150), [path @ matrix for path in shape(draw)]
    middle = (np.concatenate(places).min(axis=0) + np.concatenate(places).max(axis=0)) / 2
    paper, ink = draw.uniform(200, 255), draw.uniform(0, 90)
    page = Image.new("L", (2 * _SIDE, 2 * _SIDE), int(paper))
    pen, reach = ImageDraw.Draw(page), height * np.exp(draw.uniform(np.log(_HAIR), np.log(_MARKER)))
    for path in places:
        swing = sum(waver[order] * np.sin((order + 1) * 3 * path[:, 1:] + order) for order in range(4))
        for x, y in _dense(_SIDE + 2 * height * (path + swing - middle)):
            pen.ellipse((x - reach, y - reach, x + reach, y + reach), int(ink))
    return page.resize((_SIDE, _SIDE), Image.Resampling.BOX)


def one_with_flag_and_foot(draw: Draw) -> list[Path]:
    """A 1 with an upstroke, and a foot to both sides."""
    flag, foot = draw.uniform(0.15, 0.45), draw.uniform(0.15, 0.35)
    return [_line((0.5 - flag, draw.uniform(0.2, 0.4)), (0.5, 0), (0.5, 1)), _line((0.5 - foot, 1), (0.5 + foot, 1))]


def one_with_flag(draw: Draw) -> list[Path]:
    """A 1 with an upstroke and no foot, as in print and in European hands."""
    flag = draw.uniform(0.15, 0.4)
    return [_line((0.5 - flag, draw.uniform(0.15, 0.4)), (0.5, 0), (0.5 + draw.uniform(-0.05, 0.05), 1))]


def open_four(draw: Draw) -> list[Path]:
    """A 4 whose upper strokes do not meet."""
    bar, right = draw.uniform(0.5, 0.68), draw.uniform(0.6, 0.75)
    left = _line((draw.uniform(0.1, 0.25), 0), (draw.uniform(0.0, 0.12), bar), (right + draw.uniform(0.1, 0.25), bar))
    return [left, _line((right, draw.uniform(0.0, 0.3)), (right - draw.uniform(0, 0.08), 1))]


def closed_four(draw: Draw) -> list[Path]:
    """A 4 with a triangle, as printed."""
    bar, right = draw.uniform(0.6, 0.75), draw.uniform(0.55, 0.7)
    return [_line((right, 1), (right, 0), (0, bar), (right + draw.uniform(0.1, 0.3), bar))]


def crossed_seven(draw: Draw) -> list[Path]:
    """A 7 with a bar through its stem."""
    foot, bar = draw.uniform(0.2, 0.4), draw.uniform(0.42, 0.58)
    across = 0.75 + (foot - 0.75) * bar
    reach = draw.uniform(0.15, 0.28)
    top = _line((0.05, draw.uniform(0, 0.06)), (0.75, 0), (foot, 1))
    return [top, _line((across - reach, bar + draw.normal(0, 0.02)), (across + reach, bar))]


def slashed_zero(draw: Draw) -> list[Path]:
    """A 0 with a stroke through it, which ends within, on, or beyond the ring."""
    wide = draw.uniform(0.28, 0.42)
    end = draw.uniform(0.6, 1.35)
    ring = _arc(0.5, 0.5, wide, 0.5, draw.uniform(-20, 20) - 90, 360)
    across, down = wide * 0.72 * end, 0.36 * end
    return [ring, _line((0.5 + across, 0.5 - down), (0.5 - across, 0.5 + down))]


def angular_five(draw: Draw) -> list[Path]:
    """A 5 of straight strokes, as on a display or in a hasty hand."""
    middle, low = draw.uniform(0.4, 0.5), draw.uniform(0.9, 1)
    corners = [(0.7, 0), (0.12, 0), (0.1, middle), (0.65, middle + draw.uniform(-0.03, 0.08)), (0.68, low), (0.05, 1)]
    return [_line(*corners)]


def straight_nine(draw: Draw) -> list[Path]:
    """A 9 whose leg is straight."""
    wide, high = draw.uniform(0.22, 0.32), draw.uniform(0.2, 0.27)
    right = 0.45 + wide
    return [
        _arc(0.45, high, wide, high, draw.uniform(-40, 0), -360),
        _line((right, high * 0.6), (right - draw.uniform(0, 0.1), 1)),
    ]


def looped_two(draw: Draw) -> list[Path]:
    """A 2 with a loop in its lower left corner."""
    wide, loop = draw.uniform(0.25, 0.35), draw.uniform(0.07, 0.13)
    head = _arc(0.45, 0.27, wide, 0.27, 200, 200)
    at = (draw.uniform(0.12, 0.22), 1 - loop)
    turn = _arc(*at, loop * 1.2, loop, 60, 300)
    tail = _line((0.5, 0.97), (draw.uniform(0.75, 0.95), draw.uniform(0.88, 1)))
    return [np.concatenate([head, turn, tail])]


def _line(*corners: tuple[float, ...]) -> Path:
    return np.array(corners, np.float64)


def _arc(x: float, y: float, wide: float, high: float, start: float, sweep: float) -> Path:
    """Return a part of an ellipse: from ``start`` degrees (0 right, 90 down), over ``sweep`` degrees."""
    angles = np.deg2rad(start + sweep * np.linspace(0, 1, 40))
    return np.stack([x + wide * np.cos(angles), y + high * np.sin(angles)], axis=1)


def _dense(path: Path) -> Path:
    """Put points at most a pixel and a half apart along a path."""
    parts = [
        here + (there - here) * np.linspace(0, 1, max(2, int(np.hypot(*(there - here)) / 1.5) + 1))[:, None]
        for here, there in itertools.pairwise(path)
    ]
    return np.concatenate(parts)


DIGIT_SHAPES: dict[str, tuple[int, Shape]] = {
    "1 with flag and foot": (1, one_with_flag_and_foot),
    "open 4": (4, open_four),
    "closed 4": (4, closed_four),
    "crossed 7": (7, crossed_seven),
    "slashed 0": (0, slashed_zero),
    "angular 5": (5, angular_five),
    "9 with straight leg": (9, straight_nine),
    "looped 2": (2, looped_two),
    "1 with flag": (1, one_with_flag),
}
