"""The handwriting on a training picture: digits, letters and signs, as the amount of ink per pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from digit_infer import dataset
from training.glyphs import GREEK, LETTERS, parsed
from training.ink.skeletons import Skeleton, skeletons

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ink = NDArray[np.float32]
    """float32 [H, W] in 0..1: amount of ink"""

    Draw = np.random.Generator

_DIGITS = 6_000
"""Number of training images whose strokes are extracted, which takes ten seconds."""

_FINER = 2
"""Strokes are drawn at this multiple of the size and reduced, for soft edges."""

_SHARES = {"pen": 0.5, "image": 0.38, "sign": 0.12}
"""Shares of digits redrawn with a pen of any width, of MNIST's digits, and of letters and marks."""

_PENS_PX = (0.8, 14.0)
_WIDEST_PEN = 0.32
"""Range of the pen's width in pixels, and its largest share of the sign's size."""

_LETTERS = parsed(LETTERS + GREEK)
_HARD_EDGES = 0.3
"""Share of signs with hard edges, as on a canvas."""


class Hands:
    """Signs for training pictures, from MNIST's training set and from our own strokes."""

    def __init__(self, digits: int = _DIGITS) -> None:
        """Use the first ``digits`` training images."""
        self._images = dataset.load("train").images[:digits]
        self._skeletons = skeletons(self._images)

    def sign(self, size: int, draw: Draw) -> Ink:
        """Return one sign with ``size`` pixels on its longer side, cropped to its ink: float32 [H, W] in 0..1."""
        kind = str(draw.choice(list(_SHARES), p=list(_SHARES.values())))
        if kind == "image":
            return self._as_image(size, draw)
        low, high = np.log(_PENS_PX[0]), np.log(max(_PENS_PX[0] * 1.01, min(_PENS_PX[1], _WIDEST_PEN * size)))
        pen = float(np.exp(draw.uniform(low, high)))
        path = self._skeletons[draw.integers(len(self._skeletons))] if kind == "pen" else _strokes(draw)
        return drawn(path, size, pen, draw)

    def _as_image(self, size: int, draw: Draw) -> Ink:
        digit = self._images[draw.integers(len(self._images))]
        rows, columns = np.flatnonzero(digit.any(axis=1)), np.flatnonzero(digit.any(axis=0))
        digit = digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        scale = size / max(digit.shape)
        shape = tuple(max(1, round(length * scale)) for length in digit.shape[::-1])
        enlarged = np.asarray(Image.fromarray(digit).resize(shape, Image.Resampling.BICUBIC), np.float32) / np.float32(255)
        if draw.random() < 0.6:
            enlarged = np.clip((enlarged - draw.uniform(0.3, 0.6)) * draw.uniform(3, 9) + 0.5, 0, 1)
        return enlarged.astype(np.float32)


def drawn(path: Skeleton, size: int, pen: float, draw: Draw) -> Ink:
    """Draw a path with a round pen of ``pen`` pixels, sheared at random, ``size`` pixels on the longer side."""
    lean = np.eye(2) + draw.normal(0, 0.1, (2, 2))
    points = path.points @ lean
    points = points - points.min(axis=0)
    finer = 1 if draw.random() < _HARD_EDGES else _FINER
    span = max(float(points.max()), 1e-6)
    width = max(1, round(pen * finer))
    inner = max(1.0, size * finer - width)
    points = points * (inner / span) + width / 2
    right, bottom = (int(np.ceil(length + width / 2)) + 1 for length in points.max(axis=0))
    right, bottom = (-(-length // finer) * finer for length in (right, bottom))
    canvas = Image.new("L", (right, bottom))
    pencil = ImageDraw.Draw(canvas)
    places = points.tolist()
    for one, other in path.edges.tolist():
        pencil.line((*places[one], *places[other]), 255, width)
    if width > 2:
        reach = width / 2
        for x, y in places:
            pencil.ellipse((x - reach, y - reach, x + reach, y + reach), 255)
    else:
        pencil.point([tuple(place) for place in places], 255)
    small = canvas if finer == 1 else canvas.reduce(finer)
    return np.asarray(small, np.float32) / np.float32(255)


def _strokes(draw: Draw) -> Skeleton:
    """Return a letter or a mark as a path."""
    points: list[tuple[float, float]] = []
    edges: list[tuple[int, int]] = []
    for stroke in _LETTERS[draw.integers(len(_LETTERS))]:
        edges += [(number, number + 1) for number in range(len(points), len(points) + len(stroke.points) - 1)]
        points += stroke.points
    moved = np.array(points) + draw.normal(0, 0.04, (len(points), 2))
    return Skeleton(moved, np.array(edges, np.intp).reshape(-1, 2))
