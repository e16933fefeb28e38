"""The plain look: ink on an even background, as on a canvas or in a clean scan. It is cheap, and it knows when to doubt.

Ink is what differs from a plane of grey on the side, darker or lighter, where more does; Otsu's threshold (IEEE
Transactions on Systems, Man and Cybernetics 9, 1979) tells strokes from the rest. A large picture is looked at twice: made
small, to find where the digit lies, and there in its own pixels.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from digit_infer.image.background import Plane, border_plane, places
from digit_infer.image.components import components, is_grain
from digit_infer.image.look import FEW, SOLID, Look, Part, Place, around, found_in
from digit_infer.image.mnist_form import box_of, is_mnist_form

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.image.decode import Grey

_LEAST_CONTRAST = 24
"""Grey levels by which ink differs from the background at least."""

_FAINTEST_EDGE = 0.15
"""What holds less than this share of full ink is background. Of 0.02 to 0.3, best on pictures from many hands."""

_INKED = 16
"""Pixels with at least this much ink, of 255, form pieces. More breaks thin strokes, less joins a digit to its frame."""

_SMALL = 112
"""Pixels. A picture is made smaller by a whole factor until its longer side has 112 to 223."""

_SQUARES = np.arange(511.0) ** 2

_LARGE = 0.02
"""The share of a page from which what is solid on it is no writing."""

_OTHER_SIDE_GREYS = 12
_OTHER_SIDE = 0.001
"""A background is even if at most this share of the picture differs from it by so many greys to the side without ink."""


def plain_look(grey: Grey) -> Look | None:
    """Return the digit of a picture uint8 [H, W] as it looks on an even background; None where nothing stands out.

    A picture in MNIST's own form is taken as it is.
    """
    if is_mnist_form(grey):
        return Look("given", grey, Part(box_of(grey), grey), None, (), is_even=True, is_clean=True)
    look = _look(grey, Place(1, 0, 0, grey.shape[1], grey.shape[0]))
    if look is None or _factor(grey) == 1 or look.parts or max(look.ink.shape) >= FEW:
        return look
    return _closer(grey, look)


def plain_ink(grey: Grey) -> tuple[NDArray[np.uint8], bool]:
    """Return how much ink each pixel holds on an even background, uint8 [H, W] -> the same, and whether it is even.

    It is not where something large and solid lies on it, such as paper on a table.
    """
    ink, is_even = _ink(grey, border_plane(grey))
    if ink is None:
        return np.zeros_like(grey), is_even
    mask = ink > 0
    if is_grain(mask):
        return ink, False
    found = components(mask)
    large = found.areas > _LARGE * grey.size
    return ink, is_even and not (large & (found.areas > SOLID * found.sizes.prod(axis=1))).any()


def _look(grey: Grey, place: Place) -> Look | None:
    factor = _factor(grey)
    small = grey if factor == 1 else np.asarray(Image.fromarray(grey).reduce(factor))
    ink, is_even = _ink(small, border_plane(small))
    if ink is None:
        return None
    return found_in(ink, ink >= _INKED, "plain", replace(place, scale=factor), is_even=is_even)


def _factor(grey: Grey) -> int:
    longer: int = max(grey.shape)
    return max(1, longer // _SMALL)


def _closer(grey: Grey, look: Look) -> Look:
    """Look at a small digit again, in the pixels that it has."""
    part, left, top = around(grey, look.whole.box)
    closer = _look(part, Place(1, left, top, grey.shape[1], grey.shape[0]))
    if closer is None:
        return look
    is_even = look.is_even and closer.is_even
    # What the cut goes through, as a ring around the digit, looks like other ink; the first look saw it whole.
    return replace(
        closer,
        everything=look.everything and closer.everything,
        is_even=is_even,
        is_clean=look.is_clean and is_even and not closer.parts,
    )


def _ink(grey: Grey, plane: Plane) -> tuple[NDArray[np.uint8] | None, bool]:
    """Return how much ink each pixel holds, or None if nothing stands out, and whether the background is even.

    What a pixel differs by is looked up by its grey, or by a whole number of grey levels that it lies off a sloping plane.
    """
    if plane.is_level:
        index, zero = grey, int(plane.level)
        counts = np.array(Image.fromarray(grey).histogram())  # twice as fast as np.bincount, which widens the pixels
    else:
        off = grey - plane.at(places(grey.shape[0]), places(grey.shape[1]))
        index, zero = np.clip(np.rint(off), -255, 255).astype(np.int16) + 255, 255
        counts = np.bincount(index.ravel(), minlength=511)
    darker, lighter = counts[zero::-1], counts[zero:]  # by how many grey levels they are
    if darker @ _SQUARES[: len(darker)] >= lighter @ _SQUARES[: len(lighter)]:
        strengths, others, step = darker, lighter, -1
    else:
        strengths, others, step = lighter, darker, 1
    is_even = bool(others[_OTHER_SIDE_GREYS + 1 :].sum() <= _OTHER_SIDE * grey.size)
    levels = _levels(strengths)
    if levels is None:
        return None, is_even
    floor, full = levels
    held = np.clip((np.arange(len(strengths)) - floor) * (255 / max(full - floor, 1.0)) + 0.5, 0, 255).astype(np.uint8)
    by_index = np.zeros(len(counts), np.uint8)
    if step < 0:
        by_index[zero::-1] = held
    else:
        by_index[zero:] = held
    return np.take(by_index, index), is_even


def _levels(counts: NDArray[np.integer]) -> tuple[float, float] | None:
    """Return up to where what stands out is background, and where a stroke is full, from how often each strength occurs."""
    if not counts[_LEAST_CONTRAST:].any():
        return None
    threshold = otsu(counts)
    up_to = counts[threshold + 1 :].cumsum()
    full = threshold + 1 + int(up_to.searchsorted(up_to[-1] / 2, side="right"))
    return max(_LEAST_CONTRAST / 2, _FAINTEST_EDGE * full), full


def otsu(counts: NDArray[np.integer]) -> int:
    """Return the threshold that separates the values at or below it from those above it best.

    ``counts`` [V] says how often each value occurs.
    """
    (values,) = counts.nonzero()
    if len(values) < 2:
        return 0
    often = counts[values]
    below, sums = often.cumsum()[:-1], (often * values).cumsum()
    total, whole = int(often.sum()), int(sums[-1])
    gap = (whole * below - total * sums[:-1]).astype(np.float64)
    return int(values[(gap * gap / (below * (total - below))).argmax()])
