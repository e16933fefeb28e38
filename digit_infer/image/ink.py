"""One grey picture -> how much ink of its digit each pixel holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from digit_infer.contract import SIDE
from digit_infer.errors import BlankPictureError
from digit_infer.image.components import components
from digit_infer.image.ground import closed_ground, plane_ground, standing_out
from digit_infer.image.lamp_light import bare_ground
from digit_infer.image.median import median, median_by_counts
from digit_infer.image.median_filter import median_3x3
from digit_infer.image.one_digit import of_one_digit
from digit_infer.image.otsu import otsu
from digit_infer.image.paper import paper_on_table
from digit_infer.image.ruled_lines import without_ruled_lines

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.image.decode import Grey

    Ink = NDArray[np.uint8]
    """uint8 [H, W], 0 = ground, 255 = ink"""

_MIN_CONTRAST = 24
"""Ink must differ from the ground by this many grey levels; what differs less is paper grain, shadow or JPEG noise."""

_FAINTEST_EDGE = 0.15
"""What holds less than this share of full ink counts as ground. Of 0.02 to 0.3, best on pictures from many hands."""

_LARGE = 3 * SIDE
"""From this side on strokes are several pixels wide, so lines, specks and pieces can be told from them."""

_FAINT = 40
_UNEVEN = 0.05
"""Where so much of the picture's border is taken for ink, of this strength at least, its ground is no plane."""

_THIN = 0.12
_WINDOW = 0.3
"""What is narrower than this share of the shorter side is thin, and what is narrower than that may be a stroke; what is
wider is a shadow, a table or paper."""


_BROAD = 0.05
_FULL = 128
_SOFT = 2.0
"""What holds less ink than the second, and is broader than the first share of the shorter side, is the soft edge of a
shadow, if less ink than that covers so many times as much as more does: soft edges of strokes cover less."""


def find_ink(grey: Grey) -> Ink:
    """Return how much ink of the digit each pixel holds: uint8 [H, W], 0 = ground, 255 = ink.

    Ink is what differs from the ground in the direction, darker or lighter, in which more differs. Otsu's threshold (IEEE
    Trans. SMC 9, 1979) separates the two, and the edges of strokes keep their grey. The ground is taken for a plane, and
    where that fails, for something that may change suddenly. Of large pictures, ruled lines, soft edges of shadows
    and what lies apart are left out; paper on a dark table is cut out first.

    Raises:
        BlankPictureError: nothing stands out.
    """
    paper = paper_on_table(grey)
    if paper is not None:
        ink = np.zeros(grey.shape, np.uint8)
        rows, columns = slice(paper.top, paper.bottom), slice(paper.left, paper.right)
        ink[rows, columns] = find_ink(grey[rows, columns])
        return ink
    if min(grey.shape) <= _LARGE:
        return _scaled(_strength(grey, plane_ground(grey)))
    smooth = median_3x3(grey)
    strength = _strength(smooth, bare_ground(smooth))
    cleared = without_ruled_lines(strength)
    ink = _scaled(cleared if cleared.max() >= _MIN_CONTRAST else strength)  # a one may run from top to bottom
    if _share_of_border(ink) > _UNEVEN and not _spans(ink):
        uneven = _on_uneven_ground(smooth)
        if uneven is not None:
            return uneven
    return of_one_digit(_without_penumbra(ink))


def _without_penumbra(ink: Ink) -> Ink:
    """Return the ink without what is faint and wide, as the soft edge of a shadow is; strokes that cross it stay."""
    faint = np.count_nonzero(ink) - np.count_nonzero(ink >= _FULL)
    if faint <= _SOFT * np.count_nonzero(ink >= _FULL):
        return ink
    wide = np.invert(closed_ground(np.invert(ink), round(_BROAD * min(ink.shape))))
    rest = np.where(wide < _FULL, ink - wide, ink)
    return np.where((wide > 0) & (rest < _FAINT), 0, rest).astype(np.uint8)


def _on_uneven_ground(grey: Grey) -> Ink | None:
    """Return the ink on a ground that changes suddenly, or None where no digit lies within the picture.

    Strokes are darker or lighter than the ground, whichever more of what is thin is.
    """
    sides = grey, np.invert(grey)
    thin = [float(np.square(_narrow(side, _THIN), dtype=np.float32).sum()) for side in sides]
    strength = _narrow(sides[int(thin[1] > thin[0])], _WINDOW)
    if strength.max() < _MIN_CONTRAST:
        return None
    ink = of_one_digit(_scaled(without_ruled_lines(strength)))
    return ink if _share_of_border(ink) == 0 else None


def _narrow(grey: Grey, window: float) -> Ink:
    """Return by how many grey levels dark things stand out that are narrower than a share of the shorter side."""
    excess = closed_ground(grey, round(window * min(grey.shape))) - grey.astype(np.float32)
    strength: Ink = np.clip(np.rint(excess - median(excess)), 0, 255).astype(np.uint8)
    return strength


def _strength(grey: Grey, ground: NDArray[np.float32]) -> Ink:
    """Return by how many grey levels each pixel stands out from a ground."""
    strength = standing_out(grey - ground)
    return np.rint(np.minimum(strength, 255, out=strength), out=strength).astype(np.uint8)


def _scaled(strength: Ink) -> Ink:
    """Bring a difference in grey levels to 0 where it is none and 255 where a stroke is full."""
    counts = np.array(Image.fromarray(strength).histogram())
    strongest = int(np.flatnonzero(counts)[-1])
    if strongest < _MIN_CONTRAST:
        raise BlankPictureError(
            f"there is no ink on the picture (its grey levels lie within {strongest} of the ground's)",
            "give a picture with a digit on it",
        )
    counts[: otsu(counts) + 1] = 0
    full = median_by_counts(counts)
    floor = max(_MIN_CONTRAST / 2, _FAINTEST_EDGE * full)
    scaled = (np.arange(256, dtype=np.float32) - floor) * (255 / max(full - floor, 1.0))
    ink: Ink = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)[strength]
    return ink


def _spans(ink: Ink) -> bool:
    """Tell whether one piece reaches all four edges, as a digit does that the picture was cropped to."""
    height, width = ink.shape
    return bool((components(ink > _FAINT).boxes == (0, 0, width, height)).all(axis=1).any())


def _share_of_border(ink: Ink) -> float:
    """Return how much of the picture's border holds ink."""
    border = np.concatenate([ink[0], ink[-1], ink[:, 0], ink[:, -1]])
    return np.count_nonzero(border > _FAINT) / len(border)
