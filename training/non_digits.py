"""Pictures without a digit in MNIST's form, for which a network learns to be unsure.

"Deep anomaly detection with outlier exposure" (Hendrycks, Mazeika and Dietterich 2019): a network trained on some
kinds of outliers, with equal targets for all classes, is also unsure of kinds that it has not seen. All are drawn here or
made from training images, so nothing has to be downloaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from digit_infer.contract import SIDE
from digit_infer.image.mnist_form import centred, fitted
from training.glyphs import SIGNS, Stroke
from training.ink.skeletons import Skeleton
from training.scripts import letters_and_signs, thinned_glyphs
from training.strokes import bent, joined, penned

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    Image28 = NDArray[np.uint8]
    Images = NDArray[np.uint8]
    Labels = NDArray[np.uint8]
    Points = NDArray[np.float64]

_CANVAS = 96
_MARGIN = 20
_MIRRORED = (3, 4, 7, 9)
_TURNED = (2, 3, 4, 5, 7)
"""Digits that are no digit when mirrored or rotated by 90 degrees; the others still look like one."""

_CARELESS = 0.3
"""Share of signs in which all strokes are curved, as in hasty writing."""

_TOPS = (0, 2, 3, 4, 5)
_BOTTOMS = (0, 2, 3, 5)
"""Digits whose upper or lower half is no digit."""

NARROW = {"sign": 0.42, "mirrored": 0.1, "turned": 0.1, "pair": 0.12, "scribble": 0.1, "silhouette": 0.08, "texture": 0.08}
"""Kinds and their shares."""

WIDE = {
    "glyph": 0.21, "thinned": 0.17, "word": 0.05, "sign": 0.16, "mirrored": 0.05, "turned": 0.05, "pair": 0.07,
    "half": 0.05, "lines": 0.05, "scribble": 0.05, "silhouette": 0.045, "texture": 0.045,
}  # fmt: skip
"""The same with glyphs of more scripts, cut digits and remains of boxes."""


def non_digits(
    count: int, images: Images, labels: Labels, draw: np.random.Generator, shares: Mapping[str, float] = NARROW
) -> Images:
    """Return ``count`` images uint8 [N, 28, 28]; some are made of ``images`` uint8 [M, 28, 28] and their ``labels``."""
    kinds: dict[str, Callable[[], Image28]] = {
        "sign": lambda: _sign(draw),
        "mirrored": lambda: np.ascontiguousarray(_one_of(_MIRRORED, images, labels, draw)[:, ::-1]),
        "turned": lambda: np.rot90(_one_of(_TURNED, images, labels, draw), draw.choice([1, 3])),
        "pair": lambda: _pair(images, draw),
        "scribble": lambda: _scribble(draw),
        "silhouette": lambda: _silhouette(draw),
        "texture": lambda: _texture(draw),
        "glyph": lambda: penned(_glyph(draw), draw),
        "thinned": lambda: penned(_thinned(draw), draw),
        "word": lambda: penned(_word(draw), draw),
        "half": lambda: _half(images, labels, draw),
        "lines": lambda: penned(_lines(draw), draw),
    }
    chosen = draw.choice(list(shares), size=count, p=list(shares.values()))
    return np.stack([kinds[str(kind)]() for kind in chosen])


def _one_of(digits: tuple[int, ...], images: Images, labels: Labels, draw: np.random.Generator) -> Image28:
    chosen: Image28 = images[draw.choice(np.flatnonzero(labels == draw.choice(digits)))]
    return chosen


def _sign(draw: np.random.Generator) -> Image28:
    strokes = SIGNS[draw.integers(len(SIGNS))]
    skew = np.eye(2) + draw.normal(0, 0.12, (2, 2))
    stretch = np.diag(np.exp(draw.normal(0, 0.15, 2)))
    if draw.random() < _CARELESS:
        strokes = tuple(Stroke(stroke.points, bends=True) for stroke in strokes)
    return _penned([_path(stroke, draw) @ (skew @ stretch) for stroke in strokes], draw)


def _glyph(draw: np.random.Generator) -> Skeleton:
    """Draw a glyph with random curves, stretch and displacements."""
    known = letters_and_signs()
    lines = known[draw.integers(len(known))]
    stretch = np.exp(draw.normal(0, 0.15, 2))
    if draw.random() < _CARELESS:
        lines = tuple(bent(line[:: 1 + (len(line) > 8)]) for line in lines)
    return joined([line * stretch for line in lines], float(draw.uniform(0, 0.025)), draw)


def _thinned(draw: np.random.Generator) -> Skeleton:
    """Draw a thinned glyph, sheared, stretched, and with random displacements."""
    known = thinned_glyphs()
    path = known[draw.integers(len(known))]
    changed = np.diag(np.exp(draw.normal(0, 0.15, 2))) @ (np.eye(2) + draw.normal(0, 0.12, (2, 2)))
    points = path.points @ changed + draw.normal(0, draw.uniform(0, 0.012), path.points.shape)
    return Skeleton(points, path.edges)


def _word(draw: np.random.Generator) -> Skeleton:
    """Write two or three glyphs side by side."""
    lines, place = [], 0.0
    for _ in range(int(draw.integers(2, 4))):
        known = letters_and_signs()[draw.integers(len(letters_and_signs()))]
        lines += [line + np.array([place, 0.0]) for line in known]
        place += max(float(line[:, 0].max()) for line in known) + draw.uniform(0.02, 0.3)
    return joined(lines, float(draw.uniform(0, 0.02)), draw)


def _lines(draw: np.random.Generator) -> Skeleton:
    """Draw remains of boxes and rules: a horizontal line, and up to three more."""
    level = draw.uniform(0, 1)
    lines = [np.array([[0.0, level], [1.0, level + draw.normal(0, 0.04)]])]
    for _ in range(int(draw.integers(0, 4))):
        at = draw.uniform(0, 1)
        if draw.random() < 0.6:
            ends = np.sort(draw.uniform(0, 1, 2))
            lines.append(np.array([[at, ends[0]], [at + draw.normal(0, 0.04), ends[1]]]))
        else:
            lines.append(np.array([[draw.uniform(0, 0.4), at], [draw.uniform(0.6, 1), at + draw.normal(0, 0.04)]]))
    return joined(lines, 0.0, draw)


def _half(images: Images, labels: Labels, draw: np.random.Generator) -> Image28:
    """Keep the upper or lower half of a digit, as at the edge of a picture or a box."""
    top = draw.random() < 0.5
    digit = _one_of(_TOPS if top else _BOTTOMS, images, labels, draw)
    rows = np.flatnonzero(digit.any(axis=1))
    cut = round(len(rows) * draw.uniform(0.35, 0.55))
    kept = rows[:cut] if top else rows[-cut:]
    return _in_form(Image.fromarray(digit[kept[0] : kept[-1] + 1]))


def _path(stroke: Stroke, draw: np.random.Generator) -> Points:
    points = np.array(stroke.points) + draw.normal(0, 0.045, (len(stroke.points), 2))
    return bent(points) if stroke.bends else points


def _scribble(draw: np.random.Generator) -> Image28:
    points = draw.random((int(draw.integers(5, 14)), 2))
    return _penned([bent(points) if draw.random() < 0.7 else points], draw)


def _penned(paths: list[Points], draw: np.random.Generator) -> Image28:
    """Draw strokes with a round pen and bring them into MNIST's form."""
    every = np.concatenate(paths)
    low, size = every.min(axis=0), max(np.ptp(every, axis=0).max(), 1e-6)
    width = int(draw.integers(3, 15))
    canvas = Image.new("L", (_CANVAS, _CANVAS))
    pen = ImageDraw.Draw(canvas)
    for path in paths:
        places = [tuple(place) for place in _MARGIN + (path - low) / size * (_CANVAS - 2 * _MARGIN)]
        pen.line(places, 255, width, "curve")
        for x, y in (places[0], places[-1]):
            pen.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), 255)
    return _in_form(canvas)


def _in_form(canvas: Image.Image) -> Image28:
    ink = np.asarray(canvas)
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not len(rows):
        return np.zeros((SIDE, SIDE), np.uint8)
    return centred(fitted(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]))


def _pair(images: Images, draw: np.random.Generator) -> Image28:
    """Put two or three digits side by side, as in a number that was not split."""
    canvas = np.zeros((SIDE, 4 * SIDE), np.uint8)
    place = 0
    for _ in range(2 + (draw.random() < 0.25)):
        digit = images[draw.integers(len(images))]
        columns = np.flatnonzero(digit.any(axis=0))
        digit = digit[:, columns[0] : columns[-1] + 1]
        left = max(0, place - int(draw.integers(0, 4)))
        strip = canvas[:, left : left + digit.shape[1]]
        np.maximum(strip, digit, out=strip)
        place = left + digit.shape[1]
    return _in_form(Image.fromarray(canvas))


def _silhouette(draw: np.random.Generator) -> Image28:
    """Fill one to three polygons, like silhouettes of clothes and objects."""
    canvas = Image.new("L", (_CANVAS, _CANVAS))
    pen = ImageDraw.Draw(canvas)
    for _ in range(int(draw.integers(1, 4))):
        angles = np.sort(draw.uniform(0, 2 * np.pi, int(draw.integers(3, 9))))
        reach = draw.uniform(0.4, 1, len(angles)) * draw.uniform(20, 44)
        around = np.stack([1.3 * np.cos(angles), np.sin(angles)], axis=1) * reach[:, None]  # a tall one is a thick 1
        corners = _CANVAS / 2 + draw.normal(0, 8, 2) + around * np.exp(draw.normal(0, 0.2, 2))
        pen.polygon([tuple(corner) for corner in corners], int(draw.integers(90, 256)))
    if draw.random() < 0.5:
        canvas = canvas.filter(ImageFilter.GaussianBlur(draw.uniform(1, 4)))
    return _in_form(canvas)


def _texture(draw: np.random.Generator) -> Image28:
    """Draw a texture: clouds, noise, stripes, specks, or an even sheet."""
    kind = draw.integers(5)
    if kind == 0:
        cells = draw.integers(0, 256, (int(draw.integers(2, 9)), int(draw.integers(2, 9))), dtype=np.uint8)
        return np.asarray(Image.fromarray(cells).resize((SIDE, SIDE), Image.Resampling.BICUBIC))
    if kind == 1:
        return np.clip(draw.normal(draw.uniform(0, 200), draw.uniform(10, 120), (SIDE, SIDE)), 0, 255).astype(np.uint8)
    if kind == 2:
        waves = draw.uniform(0.15, 1.2, 2) * draw.choice([-1, 1], 2)
        phase = np.arange(SIDE)[:, None] * waves[0] + np.arange(SIDE)[None, :] * waves[1] + draw.uniform(0, 6)
        return np.asarray((np.sin(phase) > draw.uniform(-0.7, 0.7)) * draw.integers(120, 256), np.uint8)
    if kind == 3:
        return np.asarray((draw.random((SIDE, SIDE)) < draw.uniform(0.005, 0.3)) * draw.integers(100, 256), np.uint8)
    return np.full((SIDE, SIDE), draw.integers(0, 256) if draw.random() < 0.5 else 0, np.uint8)
