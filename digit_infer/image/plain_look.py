"""Locates a digit by a threshold, on an even background such as a canvas or a clean scan; the cheap first attempt.

Ink is what differs from the background plane, either darker or lighter, whichever is more; Otsu's threshold (IEEE
Transactions on Systems, Man and Cybernetics 9, 1979) separates strokes from the rest. A large picture is downscaled to find
the digit, and a small digit is then located again at full resolution.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from digit_infer.image.components import components, is_grain
from digit_infer.image.mnist_form import box_in_mnist_form
from digit_infer.image.one_digit import FEW, SOLID, Look, Part, Place, around, found_in

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.image.decode import Grey

_FAR_DEVIATIONS = 2.5
_NEAR_GREYS = 6.0
"""A border pixel is an outlier if it differs from the median by more than so many standard deviations and so many greys."""

_LEAST_CONTRAST = 24
"""Least difference of ink from the background, in grey levels."""

_FAINTEST_EDGE = 0.15
"""Less than this share of full ink is background. The best of 0.02 to 0.3 on pictures by many writers."""

_INKED = 16
"""Pixels with at least this much ink, of 255, form components. More breaks thin strokes; less joins digits and frames."""

_SMALL = 112
"""A picture is downscaled by an integer factor until its longer side has 112 to 223 pixels."""

_LARGE = 0.02
"""Solid areas above this share of a page are not writing."""

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

    def at(self, rows: NDArray[np.float32], columns: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the plane float32 [H, W] at coordinates from -0.5, the first row or column, to 0.5, the last."""
        plane: NDArray[np.float32] = (self.level + self.down * rows)[:, None] + self.across * columns
        return plane


def plain_look(grey: Grey) -> Look | None:
    """Locate the digit of a picture uint8 [H, W] on an even background; None if there is no contrast.

    A picture in MNIST's form is returned unchanged.
    """
    given = box_in_mnist_form(grey)
    if given is not None:
        return Look("given", grey, Part(given, grey))
    look = _look(grey, 0, 0, grey.shape)
    if look is None or _factor(grey) == 1 or look.parts or max(look.ink.shape) >= FEW:
        return look
    return _closer(grey, look)


def plain_ink(grey: Grey) -> tuple[NDArray[np.uint8], bool]:
    """Return the ink of a picture, uint8 [H, W] -> uint8 [H, W], and whether its background is even.

    It is not even if something large and solid is on it, such as paper on a table.
    """
    ink = _ink(grey)
    if ink is None:
        return np.zeros_like(grey), True
    mask = ink > 0
    if is_grain(mask):
        return ink, False
    found = components(mask)
    large = found.areas > _LARGE * grey.size
    return ink, not (large & (found.areas > SOLID * found.sizes.prod(axis=1))).any()


def places(size: int) -> NDArray[np.float32]:
    """Return the coordinates of ``size`` rows or columns for ``Plane.at``."""
    return np.arange(size, dtype=np.float32) / np.float32(max(size - 1, 1)) - np.float32(0.5)


def border_plane(grey: Grey) -> Plane:
    """Fit a plane to a picture's border by least squares, without outliers such as strokes or shadows at the border.

    A border of nearly one grey gives a constant plane.
    """
    height, width = grey.shape
    values = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    ordered = np.sort(values)
    level = float(ordered[len(values) // 2])
    if ordered[-1] - ordered[0] <= _NEAR_GREYS:
        return Plane(level, 0.0, 0.0)
    rows, columns = places(height), places(width)
    half = np.full(width, 0.5, np.float32), np.full(height, 0.5, np.float32)
    terms = np.stack(
        [
            np.ones(len(values), np.float32),
            np.concatenate([-half[0], half[0], rows, rows]),
            np.concatenate([columns, columns, -half[1], half[1]]),
        ]
    )
    greys = values.astype(np.float32)
    error = np.abs(greys - np.float32(level))
    near = error <= max(_NEAR_GREYS, _FAR_DEVIATIONS * 1.4826 * float(np.sort(error)[len(error) // 2]))
    kept = terms[:, near]
    try:
        return Plane(*np.linalg.solve(kept @ kept.T, kept @ greys[near]).tolist())
    except np.linalg.LinAlgError:  # the remaining pixels are collinear
        return Plane(level, 0.0, 0.0)


def _look(grey: Grey, left: int, top: int, shape: tuple[int, ...]) -> Look | None:
    """Locate the digit in a crop of a picture of this shape."""
    factor = _factor(grey)
    small = grey if factor == 1 else np.asarray(Image.fromarray(grey).reduce(factor))
    ink = _ink(small)
    return None if ink is None else found_in(ink, ink >= _INKED, "plain", Place(factor, left, top, shape[1], shape[0]))


def _factor(grey: Grey) -> int:
    longer: int = max(grey.shape)
    return max(1, longer // _SMALL)


def _closer(grey: Grey, look: Look) -> Look:
    """Locate a small digit again at full resolution."""
    part, left, top = around(grey, look.whole.box)
    closer = _look(part, left, top, grey.shape)
    return look if closer is None else replace(closer, is_even=look.is_even and closer.is_even)


def _ink(grey: Grey) -> NDArray[np.uint8] | None:
    """Return each pixel's ink, uint8 [H, W] -> uint8 [H, W], or None if there is no contrast.

    Ink is looked up by grey level; under a sloping plane, by the difference from it.
    """
    plane = border_plane(grey)
    if plane.is_level:
        levels, zero = grey, int(plane.level)
    else:
        off = plane.at(places(grey.shape[0]), places(grey.shape[1])) - grey
        off = off if np.vdot(off, np.abs(off)) > 0 else -off
        levels, zero = np.clip(off + np.float32(0.5), 0, 255).astype(np.uint8), 0
    counts = np.array(Image.fromarray(levels).histogram())  # twice as fast as np.bincount, which casts the pixels
    is_dark = counts @ _ENERGY[255 - zero : 511 - zero] <= 0
    found = _floor_and_full(counts[zero::-1] if is_dark else counts[zero:])
    if found is None:
        return None
    floor, full = found
    ends, ink = ((zero - full, zero - floor), (255, 0)) if is_dark else ((zero + floor, zero + full), (0, 255))
    return (np.interp(_LEVELS, ends, ink) + 0.5).astype(np.uint8).take(levels)


def _floor_and_full(counts: NDArray[np.integer]) -> tuple[float, float] | None:
    """Return where background ends and full ink begins, from a histogram of differences; None if too faint."""
    if not counts[_LEAST_CONTRAST:].any():
        return None
    threshold = otsu(counts)
    up_to = counts[threshold + 1 :].cumsum()
    full = threshold + 1 + int(up_to.searchsorted(up_to[-1] / 2, side="right"))
    return max(_LEAST_CONTRAST / 2, _FAINTEST_EDGE * full), full


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
