"""Digits as drawn with a mouse: polylines, one to three pixels wide, without grey.

The strokes are the skeleton of an enlarged test digit: pixels are removed in the order of their distance from the edge, as
long as that keeps the topology. A mouse is sampled at intervals, so only some points of each line are kept. The drawing has
the shape of a handwritten digit, but none of its pixels.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from numpy.typing import NDArray

Point: TypeAlias = "tuple[int, int]"
"""Row and column"""

Line: TypeAlias = "list[Point]"

_ENLARGED = 3
_END = 0.6
"""A line may end where the stroke is at least this share of its usual width; nearer to the edge are only corners."""

_RING = ((0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1))
"""The eight neighbours of a pixel, in order around it."""


def drawn_by_mouse(digit: NDArray[np.uint8], draw: np.random.Generator) -> Image.Image:
    """Draw a digit uint8 [28, 28] on a canvas of 60 to 400 pixels, white on black or black on white."""
    side, pen, step = int(draw.integers(60, 401)), int(draw.integers(1, 4)), int(draw.integers(2, 6))
    lines = [np.array([*line[:-1:step], line[-1]], np.float64) for line in middle_lines(digit)]
    points = np.concatenate(lines)
    low, spans = points.min(axis=0), np.ptp(points, axis=0)
    scale = draw.uniform(0.5, 0.9) * (side - 2 * pen) / max(float(spans.max()), 1.0)
    corner = pen + draw.uniform(0, 1, 2) * (side - 2 * pen - scale * spans)
    sheet = Image.new("L", (side, side), 0)
    hand = ImageDraw.Draw(sheet)
    for line in lines:
        places = np.rint(corner + scale * (line - low)).astype(int).tolist()
        hand.line([(column, row) for row, column in places], 255, pen, "curve" if pen > 1 else None)
    return sheet if draw.random() < 0.5 else sheet.point([255 - level for level in range(256)])


def middle_lines(digit: NDArray[np.uint8]) -> list[Line]:
    """Return the skeleton of a digit as lines of at least two points, in pixels of the digit enlarged three times."""
    side = _ENLARGED * digit.shape[0]
    large = np.asarray(Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC))
    return _followed(_middles(np.pad(large >= min(128, int(large.max())), 2)))


def _middles(ink: NDArray[np.bool_]) -> set[Point]:
    """Thin a mask to lines of one pixel, removing those nearest to the edge first."""
    inside = np.argwhere(ink)
    within = np.roll(ink, 1, 0) & np.roll(ink, -1, 0) & np.roll(ink, 1, 1) & np.roll(ink, -1, 1)
    edge = np.argwhere(ink & ~within)
    near = 1 + ((inside[:, None] - edge[None]) ** 2).sum(axis=2).min(axis=1) ** 0.5
    depth = {(int(row), int(column)): float(far) for (row, column), far in zip(inside, near, strict=True)}
    ridge = [far for point, far in depth.items() if all(depth.get(side, 0) <= far for side in _around(point))]
    usual = float(np.median(ridge))
    left = set(depth)
    waiting = [(far, point) for point, far in depth.items()]
    heapq.heapify(waiting)
    while waiting:
        far, point = heapq.heappop(waiting)
        if point not in left or not _is_spare(point, left):
            continue
        is_end = sum(side in left for side in _around(point)) == 1
        if is_end and far >= _END * usual:
            continue
        left.discard(point)
        for side in _around(point):
            if side in left and depth[side] <= far:  # it was skipped before
                heapq.heappush(waiting, (depth[side], side))
    return left


def _around(point: Point) -> list[Point]:
    return [(point[0] + down, point[1] + across) for down, across in _RING]


def _is_spare(point: Point, left: set[Point]) -> bool:
    """Return whether removing a point keeps the topology (S. Yokoi et al., 1973)."""
    blank = [side not in left for side in _around(point)]
    groups = sum(blank[n] and not (blank[n + 1] and blank[(n + 2) % 8]) for n in (0, 2, 4, 6))
    return groups == 1


def _followed(points: set[Point]) -> list[Line]:
    """Trace lines of one pixel: first from ends and crossings, then closed loops."""
    linked = {point: _linked(point, points) for point in points}
    starts = sorted(points, key=lambda point: (len(linked[point]) == 2, point))
    done: set[frozenset[Point]] = set()
    found: list[Line] = []
    for start in starts:
        for following in linked[start]:
            line = [start]
            onward: Point | None = following
            while onward is not None and frozenset((line[-1], onward)) not in done:
                done.add(frozenset((line[-1], onward)))
                line.append(onward)
                ways = [way for way in linked[onward] if frozenset((onward, way)) not in done]
                onward = ways[0] if len(linked[onward]) == 2 and ways else None
            if len(line) > 1:
                found.append(line)
    return found or [[point, point] for point in points]


def _linked(point: Point, points: set[Point]) -> list[Point]:
    """Return a point's neighbours; diagonal ones only if no orthogonal path leads there."""
    row, column = point
    return [
        (row + down, column + across)
        for down, across in _RING
        if (row + down, column + across) in points
        and not (down and across and ((row + down, column) in points or (row, column + across) in points))
    ]
