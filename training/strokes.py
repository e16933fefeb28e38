"""Strokes as points, curved and joined into the path of a pen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from digit_infer.image.mnist_form import box_of, in_mnist_form
from training.ink.skeletons import Skeleton
from training.ink.writing import drawn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Points = NDArray[np.float64]
    """float64 [P, 2]: x to the right and y downwards, in 0..1"""

_PENS_PX = (1.2, 15.0)
"""Range of the pen's width for the largest of ``_SIZES_PX``: from hairlines to a fifth of the digit."""

_SIZES_PX = (24, 72)


def bent(points: Points) -> Points:
    """Interpolate points by a curve (Catmull and Rom 1974), in eight steps from each to the next."""
    if len(points) < 3:
        return points
    around = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    steps = np.linspace(0, 1, 8, endpoint=False)[:, None, None]
    before, here, there, after = around[:-3], around[1:-2], around[2:-1], around[3:]
    curve = 0.5 * (
        2 * here
        + (there - before) * steps
        + (2 * before - 5 * here + 4 * there - after) * steps**2
        + (3 * here - before - 3 * there + after) * steps**3
    )
    return np.concatenate([curve.transpose(1, 0, 2).reshape(-1, 2), points[-1:]])


def joined(lines: Sequence[Points], tremor: float, draw: np.random.Generator) -> Skeleton:
    """Join lines into one path, and displace its points by normal noise of deviation ``tremor``."""
    sizes = [len(line) for line in lines]
    points = np.concatenate(lines)
    numbers = np.arange(len(points))
    ends = np.cumsum(sizes) - 1
    starts = np.setdiff1d(numbers, ends)
    moved = points + draw.normal(0, tremor, points.shape) if tremor else points
    return Skeleton(moved, np.stack([starts, starts + 1], axis=1).astype(np.intp))


def penned(path: Skeleton, draw: np.random.Generator) -> NDArray[np.uint8]:
    """Draw a path with a pen of any width and bring it into MNIST's form: uint8 [28, 28]."""
    size = int(draw.integers(*_SIZES_PX))
    low, high = (np.log(width * size / _SIZES_PX[1]) for width in _PENS_PX)
    ink = np.rint(drawn(path, size, float(np.exp(draw.uniform(low, high))), draw) * 255).astype(np.uint8)
    box = box_of(ink)
    return in_mnist_form(ink[box.top : box.bottom, box.left : box.right])
