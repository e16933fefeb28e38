"""What forms and notebooks print to write into: boxes, combs, tables and lines, and the cells that they leave free.

Such a piece of ink consists of straight lines, much longer than a digit's strokes, or it is a box with four sides. What
else hangs together with its lines was written over them and is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFilter

from digit_infer.image.components import components, is_grain
from digit_infer.image.mnist_form import Box
from digit_infer.image.one_digit import MOST_PIECES, frames_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.image.components import Mask

_INKED = 100
_SMALLEST = 16
"""Pixels of the sides of a box at least."""

_LEAST_HEIGHT = 10
"""Pixels of a digit's height: what is lower does not tell how high digits are."""

_HOLLOW = 0.45
"""The share of its box that what is ruled fills at most; a line alone fills more."""

_BAND = 0.06
_COVERED = 0.85
"""A box has ink along the second share of its four sides, within the first share of its edges."""

_LONG = 2.5
_LONG_LINE = 6
"""What is ruled is so many times as long as a digit is high; a line alone is so many times as long as wide, too."""

_STRAIGHT = 0.7
_SLACK = 0.12
"""A straight line runs along the first share of a side, and strays from it by the second share of its length."""

_RULED = 0.5
_ALONE = 0.85
"""The share of what is ruled that lies on straight lines; the second where nothing shows how high a digit is."""

_EVEN = 0.05
"""The teeth of a comb are so evenly spaced, as a share of their distance; ones on a line are not."""

_WRITTEN = 0.4
"""What is left beside the lines is writing from this share of a digit's height on."""

_CELL = 12
"""Pixels of the sides of a cell at least."""


@dataclass(frozen=True, eq=False)
class Rules:
    """The pixels of printed lines, a mask [H, W], or None without any; and the free cells between them."""

    lines: Mask | None
    cells: tuple[Box, ...]

    def without(self, ink: NDArray[np.uint8], reach: int) -> NDArray[np.uint8]:
        """Return ink uint8 [H, W] without the lines and what lies so many pixels beside them."""
        return ink if self.lines is None else np.where(_wider(self.lines, 2 * reach + 1), 0, ink).astype(np.uint8)


def rules_of(plain: NDArray[np.uint8]) -> Rules:
    """Find the lines that are printed on a page, in its ink uint8 [H, W] on an even background, where they are whole."""
    mask = plain > _INKED
    seen = None if is_grain(mask) else components(mask)
    if seen is None or not 0 < len(seen) <= MOST_PIECES:
        return Rules(None, ())
    sizes = seen.sizes
    typical = seen.typical_height((sizes.max(axis=1) < max(mask.shape) / 3) & (sizes.min(axis=1) > 1))
    typical = typical if typical >= _LEAST_HEIGHT else 0.0
    rings, lines = frames_of(seen), np.zeros(mask.shape, np.bool_)
    cells: list[Box] = []
    for number in np.flatnonzero((sizes.max(axis=1) >= _SMALLEST) & ~seen.at_edge | rings).tolist():
        left, top, right, bottom = seen.boxes[number].tolist()
        own = seen.own(number)
        found = _ruled(own, typical)
        if found is None:
            if rings[number]:
                lines[top:bottom, left:right] |= own
            continue
        rest = components(own & ~_wider(found, 3))
        kept = rest.sizes[:, 1] >= _WRITTEN * min(typical or bottom - top, bottom - top)
        lines[top:bottom, left:right] |= own & ~rest.painted(kept)
        cells += [Box(left + at.left, top + at.top, left + at.right, top + at.bottom) for at in _cells(found)]
    return Rules(lines if lines.any() else None, tuple(cells))


def _ruled(own: Mask, typical: float) -> Mask | None:
    """Return the straight lines of a piece, a mask of its box, or None if it is not printed to write into."""
    height, width = own.shape
    filled = own.mean()
    is_line = typical and max(height, width) >= max(_LONG * typical, _LONG_LINE * min(height, width))
    if is_line and filled > _HOLLOW:
        return own
    is_box = _is_box(own)
    if filled > _HOLLOW or min(height, width) < _SMALLEST or not (is_box or max(height, width) >= _LONG * typical):
        return None
    longest = 4 * typical or np.inf
    across = _straight(own, int(min(_STRAIGHT * width, longest)))
    down = _straight(own.T, int(min(_STRAIGHT * height, longest))).T
    if is_box:
        found = across | down
        if len(_cells(found)) == 1:  # what stands in it is a digit that touches it
            edge = max(3, round(2 * _BAND * min(own.shape)))
            found[edge:-edge, edge:-edge] = False
        return found
    if not across.any():
        return None
    if not (typical and height >= 1.8 * typical) and not _evenly_spaced(down):
        down = np.zeros_like(down)
    found = across | down
    covers = across.any(axis=0).mean() >= _COVERED
    return found if covers and found.sum() >= (_RULED if typical else _ALONE) * own.sum() else None


def _evenly_spaced(down: Mask) -> bool:
    """Tell whether lines that run down stand at even distances."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], down.any(axis=0).astype(np.int8), [0]])))
    apart = np.diff((edges[::2] + edges[1::2]) / 2)
    return bool(len(apart) and (len(apart) == 1 or apart.std() <= _EVEN * apart.mean()))


def _straight(own: Mask, length: int) -> Mask:
    """Return which pixels of a mask lie on straight lines across, at least so many pixels long."""
    if length > own.shape[1] or length < 2:
        return np.zeros_like(own)
    slack = max(1, round(_SLACK * length / 2))
    near = _windows(np.pad(own, ((slack, slack), (0, 0))), 2 * slack + 1, 0) > 0
    begins = _windows(near, length, 1) >= 0.96 * length
    covered: Mask = _windows(np.pad(begins, ((0, 0), (length - 1, length - 1))), length, 1) > 0
    return covered & own


def _windows(mask: Mask, length: int, axis: int) -> NDArray[np.int32]:
    """Return how many pixels are set in each window of so many along an axis."""
    sums = np.cumsum(mask, axis=axis, dtype=np.int32)
    sums = np.insert(sums, 0, 0, axis=axis)
    counts: NDArray[np.int32] = sums[length:] - sums[:-length] if axis == 0 else sums[:, length:] - sums[:, :-length]
    return counts


def _is_box(own: Mask) -> bool:
    """Tell whether a piece has ink along all its sides and in all corners."""
    band = max(3, round(_BAND * min(own.shape)))
    first, last = slice(None, band), slice(-band, None)
    return all(own[rows, columns].any() for rows in (first, last) for columns in (first, last)) and all(
        own[edge].any(axis=0).mean() >= _COVERED and own[:, edge].any(axis=1).mean() >= _COVERED for edge in (first, last)
    )


def _cells(lines: Mask) -> list[Box]:
    """Return what lines enclose and is about a rectangle, in pixels of their box."""
    free = components(~_wider(np.pad(lines, 2), 3))
    enclosed = ~free.at_edge & (free.sizes.min(axis=1) >= _CELL) & (free.areas >= 0.5 * free.sizes.prod(axis=1))
    return [Box(*(int(edge) - 2 for edge in box)) for box in free.boxes[enclosed]]


def _wider(mask: Mask, reach: int) -> Mask:
    wide: Mask = np.asarray(Image.fromarray(mask.astype(np.uint8) * 255).filter(ImageFilter.MaxFilter(reach))) > 0
    return wide
