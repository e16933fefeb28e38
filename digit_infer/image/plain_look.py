"""Locates a digit by a threshold, on an even background such as a canvas or a clean scan; the cheap first attempt.

Ink is what differs from the background plane, either darker or lighter, whichever is more; Otsu's threshold (IEEE
Transactions on Systems, Man and Cybernetics 9, 1979) separates strokes from the rest. A large picture is downscaled to find
the digit, and a small digit is then located again at full resolution.

The commands of ``python -m bench`` that chose a number are named behind it, with the kinds of pictures that need it most.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from digit_infer.contract import SIDE
from digit_infer.image.components import components, is_grain
from digit_infer.image.mnist_form import BOX, Box, box_by, box_in_mnist_form, box_of, in_mnist_form
from digit_infer.image.one_digit import FEW, INKED, SOLID, Look, Part, Place, around, border_of, found_in

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.image.components import Components
    from digit_infer.image.grey import Grey

_FAR = 4.0
"""A border pixel is an outlier if it differs from the median by more than so many times the usual, and by ``_FAINT`` greys
(real-pictures: cell_lines_small)."""

_FAINT = 12
"""Grey levels by which a background differs; ink differs by twice as many at least (robustness: chalk_board, glared)."""

_FAINTEST_EDGE = 0.15
"""Less than this share of full ink is background. The best of 0.02 to 0.3 (real-pictures; robustness: blind_stripes)."""

_SMALL = 112
"""A picture is downscaled by an integer factor until its longer side has 112 to 223 pixels (robustness: circled)."""

_TINY = 40
"""A picture whose shorter side has at most so many pixels was cropped to its digit: nothing is left out of it
(real-pictures: scan)."""

_FEWEST = 12
"""The ink network is not asked about a picture whose longer side has at most so many pixels (unseen: scikit-learn's
8 x 8)."""

_LARGE = 0.02
"""Solid areas above this share of a page are not writing."""

_RINGING = 1e-3
"""Share of a page's pixels that JPEG may have made brighter than paper, or darker than a board, around strokes (pages, of
which no answer changes)."""

_LEVELS = np.arange(256)
_ENERGY = np.arange(-255.0, 256.0) * np.abs(np.arange(-255, 256))
"""The square of each difference in grey levels, with its sign."""


@dataclass(frozen=True)
class Plane:
    """Grey level at the centre, and its rise from the first row or column to the last."""

    level: float
    down: float
    across: float

    @property
    def is_level(self) -> bool:
        """Whether the plane is constant."""
        return not (self.down or self.across)

    def at(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Return the grey levels of a picture of this shape: float32 [H, W]."""
        rows, columns = _places(shape[0]), _places(shape[1])
        plane: NDArray[np.float32] = (self.level + self.down * rows)[:, None] + self.across * columns
        return plane


def plain_look(grey: Grey, *, even: bool = False) -> Look | None:
    """Locate the digit of a picture uint8 [H, W] on an even background; None if there is no contrast.

    A picture in MNIST's form is returned unchanged. With ``even``, None is returned as soon as the background is uneven,
    unless the picture has so few pixels that the result is final.
    """
    given = box_in_mnist_form(grey)
    if given is not None:
        return Look("given", grey, Part(given, grey), is_final=True)
    tiny = _tiny_look(grey) if min(grey.shape) <= _TINY else None
    if tiny is not None:
        return tiny
    look = _look(grey, 0, 0, grey.shape, even=even)
    if look is None or _factor(grey) == 1 or look.parts or max(look.ink.shape) >= FEW:
        return look
    closer = _look(*around(grey, look.whole.box), grey.shape)
    return look if closer is None else replace(closer, is_even=look.is_even and closer.is_even)


def _tiny_look(grey: Grey) -> Look | None:
    """Take all that a tiny picture shows for the digit: its greys are shares of ink, which no threshold improves.

    The background is light if corners and border are so on average; its level is the median of the border on that side.
    None is returned if that is not nearly the extreme level: the background is not even. Of a picture of 28 x 28 whose ink
    is larger than a digit in MNIST's form, such as a noisy one, the classifier is also asked about the picture as it is.
    """
    border = border_of(grey)
    low, high = int(grey.min()), int(grey.max())
    if high - low <= 2 * _FAINT:
        return None
    is_light = grey[[0, 0, -1, -1], [0, -1, 0, -1]].mean() + border.mean() > low + high
    off, edge = (high - grey, high - border) if is_light else (grey - low, border - low)
    zero = float(np.median(edge[edge <= (high - low) // 2]))
    is_final = max(grey.shape) <= _FEWEST
    if zero > _FAINT and not is_final:
        return None
    ink = np.rint(np.maximum(off - zero, 0) * (255 / (high - low - zero))).astype(np.uint8)
    box = box_of(np.where(ink > 255 * _FAINTEST_EDGE, ink, 0))
    own = ink[box.top : box.bottom, box.left : box.right]
    as_it_is = Part(Box(0, 0, SIDE, SIDE), ink) if grey.shape == (SIDE, SIDE) and max(own.shape) > BOX else None
    return Look("plain", own, Part(box, in_mnist_form(own)), as_it_is, is_final=is_final)


def plain_ink(grey: Grey) -> tuple[NDArray[np.uint8], Components | None]:
    """Return the ink of a picture, uint8 [H, W] -> uint8 [H, W], and its components, None on an uneven background.

    It is not even if something large and solid is on it, such as paper on a table.
    """
    ringing = int(_RINGING * grey.size)
    levels, zero, is_even = _levels(grey, ringing)
    page = Image.fromarray(levels)  # whose histogram and point take 1/2 and 1/3 of numpy's time
    table, is_clean = _table(np.array(page.histogram()), zero, ringing)
    ink = np.zeros_like(grey) if table is None else np.asarray(page.point(table.tolist()))
    mask = ink > 0
    if not (is_even and is_clean) or is_grain(mask):
        return ink, None
    found = components(mask)
    large = found.areas > _LARGE * grey.size
    is_solid = (large & (found.areas > SOLID * found.sizes.prod(axis=1))).any()
    return ink, None if is_solid else found


def border_plane(grey: Grey) -> Plane:
    """Fit a plane to a picture's border by least squares, without outliers such as strokes or shadows at the border.

    A border of nearly one grey gives a constant plane.
    """
    (height, width), values = grey.shape, border_of(grey)
    ordered = np.sort(values)
    level = float(ordered[len(values) // 2])
    if ordered[-1] - ordered[0] <= _FAINT:
        return Plane(level, 0.0, 0.0)
    terms = _border_terms(height, width)
    greys = values.astype(np.float32)
    error = np.abs(greys - np.float32(level))
    near = error <= max(_FAINT, _FAR * float(np.sort(error)[len(error) // 2]))
    kept = terms[:, near]
    try:
        return Plane(*np.linalg.solve(kept @ kept.T, kept @ greys[near]).tolist())
    except np.linalg.LinAlgError:  # the remaining pixels are collinear
        return Plane(level, 0.0, 0.0)


@lru_cache(8)
def _border_terms(height: int, width: int) -> NDArray[np.float32]:
    """Return 1, the row and the column of each border pixel, as ``_places`` numbers them: [3, 2 * (height + width)]."""
    upper, left = 2 * width, 2 * width + height
    terms = np.ones((3, left + height), np.float32)
    terms[1, :width], terms[1, width:upper], terms[1, upper:] = -0.5, 0.5, np.tile(_places(height), 2)
    terms[2, :upper], terms[2, upper:left], terms[2, left:] = np.tile(_places(width), 2), -0.5, 0.5
    terms.flags.writeable = False
    return terms


def _places(size: int) -> NDArray[np.float32]:
    """Return the coordinates of rows or columns on a plane: from -0.5, the first, to 0.5, the last."""
    return np.arange(size, dtype=np.float32) / np.float32(max(size - 1, 1)) - np.float32(0.5)


def _look(grey: Grey, left: int, top: int, shape: tuple[int, ...], *, even: bool = False) -> Look | None:
    """Locate the digit in a crop of a picture of this shape."""
    factor = _factor(grey)
    small = grey if factor == 1 else np.asarray(Image.fromarray(grey).reduce(factor))
    levels, zero, is_even = _levels(small)
    if even and not is_even:
        return None
    far = (levels > zero + _FAINT) | (levels < zero - _FAINT)
    rows, columns = np.logical_or.reduce(far, axis=1), np.logical_or.reduce(far, axis=0)
    if not rows.any():
        return None
    box = box_by(rows, columns)
    cut = levels[box.top : box.bottom, box.left : box.right]
    counts = np.bincount(cut.ravel(), minlength=256)
    counts[zero] += levels.size - cut.size
    table, is_clean = _table(counts, zero)
    if table is None or (even and not is_clean):
        return None
    ink = table.take(cut)
    place = Place(factor, left + factor * box.left, top + factor * box.top, shape[1], shape[0])
    frame = (-box.left, -box.top, levels.shape[1] - box.left, levels.shape[0] - box.top)
    return found_in(ink, ink >= INKED, "plain", place, frame, is_even=is_even and is_clean, even=even)


def _factor(grey: Grey) -> int:
    longer: int = max(grey.shape)
    return max(1, longer // _SMALL)


def _levels(grey: Grey, ringing: int = 0) -> tuple[NDArray[np.uint8], int, bool]:
    """Return levels uint8 [H, W] by which ink is told, the background's, and whether this may be even.

    They are the picture's own; under a sloping plane, differences from it to the side of the ink, and the background is not
    even if more than ``ringing`` pixels differ to the other side.
    """
    plane = border_plane(grey)
    if plane.is_level:
        return grey, int(plane.level), True
    off = plane.at(grey.shape) - grey
    off = off if np.vdot(off, np.abs(off)) > 0 else -off
    return np.clip(off + np.float32(0.5), 0, 255).astype(np.uint8), 0, int((off < -_FAINT).sum()) <= ringing


def _table(counts: NDArray[np.integer], zero: int, ringing: int = 0) -> tuple[NDArray[np.uint8] | None, bool]:
    """Return the ink of each level, uint8 [256], by their histogram, or None if there is no contrast.

    The second result is whether at most ``ringing`` pixels differ from the background to the side opposite to the ink's.
    """
    darker, lighter = counts[zero::-1], counts[zero:]
    is_dark = counts @ _ENERGY[255 - zero : 511 - zero] <= 0
    strengths, others = (darker, lighter) if is_dark else (lighter, darker)
    is_clean = int(others[_FAINT + 1 :].sum()) <= ringing
    found = _floor_and_full(strengths)
    if found is None:
        return None, is_clean
    floor, full = found
    ends, ink = ((zero - full, zero - floor), (255, 0)) if is_dark else ((zero + floor, zero + full), (0, 255))
    return (np.interp(_LEVELS, ends, ink) + 0.5).astype(np.uint8), is_clean


def _floor_and_full(counts: NDArray[np.integer]) -> tuple[float, float] | None:
    """Return where background ends and full ink begins, from a histogram of differences; None if too faint."""
    if not counts[2 * _FAINT :].any():
        return None
    threshold = otsu(counts)
    up_to = counts[threshold + 1 :].cumsum()
    full = threshold + 1 + int(up_to.searchsorted(up_to[-1] / 2, side="right"))
    return max(_FAINT, _FAINTEST_EDGE * full), full


def otsu(counts: NDArray[np.integer]) -> int:
    """Return Otsu's threshold: it best separates values at or below it from those above.

    ``counts`` [V] is the histogram.
    """
    (values,) = counts.nonzero()
    if len(values) < 2:
        return 0
    often = counts[values]
    below, sums = often.cumsum()[:-1], (often * values).cumsum()
    total, whole = int(often.sum()), int(sums[-1])
    gap = (whole * below - total * sums[:-1]).astype(np.float64)
    return int(values[(gap * gap / (below * (total - below))).argmax()])
