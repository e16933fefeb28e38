"""Signs that people write beside digits, as strokes that are deformed at random. No training uses them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from numpy.typing import NDArray

PEN = 0.1
"""The pen's width as a share of a digit's height, about as in MNIST."""

_DRAWN_AT = 4
"""Strokes are drawn so many times larger at first."""

SIGNS: dict[str, tuple[tuple[tuple[float, float], ...], ...]] = {
    "/": (((0.5, -0.18), (0.0, 1.18)),),
    ".": (((0.05, 0.97), (0.08, 0.99)),),
    ",": (((0.13, 0.92), (0.11, 1.05), (0.0, 1.22)),),
    "-": (((0.0, 0.55), (0.4, 0.53)),),
    "+": (((0.0, 0.53), (0.5, 0.52)), ((0.25, 0.25), (0.26, 0.8))),
    "=": (((0.0, 0.42), (0.5, 0.4)), ((0.0, 0.65), (0.5, 0.64))),
    "x": (((0.0, 0.3), (0.45, 0.8)), ((0.45, 0.3), (0.0, 0.8))),
    "(": (((0.25, -0.1), (0.04, 0.25), (0.02, 0.75), (0.25, 1.12)),),
    ")": (((0.0, -0.1), (0.21, 0.25), (0.23, 0.75), (0.0, 1.12)),),
    "€": (
        ((0.58, 0.1), (0.35, 0.0), (0.14, 0.25), (0.1, 0.55), (0.2, 0.88), (0.4, 1.0), (0.6, 0.88)),
        ((0.0, 0.4), (0.45, 0.4)),
        ((0.0, 0.6), (0.42, 0.6)),
    ),
    "$": (
        ((0.48, 0.2), (0.3, 0.07), (0.08, 0.2), (0.1, 0.4), (0.4, 0.58), (0.46, 0.8), (0.25, 0.95), (0.0, 0.83)),
        ((0.27, -0.12), (0.25, 1.14)),
    ),
    "±": (((0.0, 0.4), (0.5, 0.4)), ((0.25, 0.15), (0.25, 0.65)), ((0.02, 0.85), (0.48, 0.84))),
    "#": (
        ((0.2, 0.05), (0.12, 0.95)),
        ((0.5, 0.05), (0.42, 0.95)),
        ((0.0, 0.35), (0.62, 0.33)),
        ((0.0, 0.66), (0.6, 0.64)),
    ),
    "%": (
        ((0.6, 0.02), (0.05, 0.98)),
        ((0.15, 0.05), (0.02, 0.18), (0.14, 0.36), (0.28, 0.2), (0.15, 0.05)),
        ((0.55, 0.62), (0.42, 0.78), (0.54, 0.95), (0.68, 0.8), (0.55, 0.62)),
    ),
    "&": (
        ((0.6, 0.95), (0.1, 0.3), (0.12, 0.0), (0.4, 0.02), (0.38, 0.3), (0.0, 0.65), (0.1, 1.0), (0.4, 0.95), (0.62, 0.5)),
    ),
    "✓": (((0.0, 0.6), (0.22, 0.95), (0.7, 0.1)),),
}
"""The strokes of each sign: points (across, down), 1 = a digit's height."""


def sign(name: str, height: int, draw: np.random.Generator, pen_share: float = PEN) -> tuple[Image.Image, float]:
    """Draw a sign beside digits so high; return it, and how far down from the digits' top it begins."""
    scale = height * _DRAWN_AT
    slant, stretch = draw.normal(0, 0.06), np.exp(draw.normal(0, 0.08, 2))
    paths = []
    for stroke in SIGNS[name]:
        points = np.array(stroke) + draw.normal(0, 0.02, (len(stroke), 2))
        points[:, 0] += slant * (0.5 - points[:, 1])
        points[:, 1] = (points[:, 1] - 0.5) * stretch[1] + 0.5
        points[:, 0] *= stretch[0]
        paths.append(_curve(points) if len(points) > 3 else points)
    every = np.concatenate(paths)
    pen = max(2, round(pen_share * draw.uniform(0.8, 1.2) * scale))
    corner = every.min(axis=0) * scale - pen
    size = np.ceil(np.ptp(every, axis=0) * scale + 2 * pen).astype(int)
    canvas = Image.new("L", (int(size[0]), int(size[1])))
    pencil = ImageDraw.Draw(canvas)
    for path in paths:
        places = [tuple(place) for place in (path * scale - corner).tolist()]
        pencil.line(places, 255, pen, "curve")
        for x, y in (places[0], places[-1]):
            pencil.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), 255)
    small = canvas.resize((max(1, canvas.width // _DRAWN_AT), max(1, canvas.height // _DRAWN_AT)), Image.Resampling.BOX)
    return small, float(corner[1]) / _DRAWN_AT


def _curve(points: NDArray[np.floating]) -> NDArray[np.floating]:
    """Round a path by cutting its corners off three times (Chaikin, 1974)."""
    for _ in range(3):
        inner = np.stack([0.75 * points[:-1] + 0.25 * points[1:], 0.25 * points[:-1] + 0.75 * points[1:]], axis=1)
        points = np.concatenate([points[:1], inner.reshape(-1, 2), points[-1:]])
    return points
