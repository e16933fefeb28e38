"""A picture of several digits -> where each lies, line by line.

What hangs together is a digit or a part of one. Parts above one another are put together, specks and what leaves the
picture are left out, and what is left is put in the order in which people write: left to right, in lines that may slope.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from digit_infer.errors import BlankPictureError, UnreadablePictureError
from digit_infer.image.box import Box
from digit_infer.image.components import Component, components, enclosed
from digit_infer.image.page_ink import LEAST_CONTRAST, ink_strength
from digit_infer.image.page_lines import without_print
from digit_infer.image.paper import without_table
from digit_infer.image.rings import holds_enough, is_ring
from digit_infer.image.segment import Segment, enclosing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.image.decode import Grey
    from digit_infer.image.page_ink import Strength

    Edges = NDArray[np.int64]
    """[N, 4]: left, top, right, bottom"""

_ENOUGH = 2
"""With so many digits within the picture, what reaches its edge is no digit, but a shadow, the table or a neighbour."""

MOST = 2_000
"""Digits on a page: fifty lines of forty. What has more pieces is a photograph of something else."""

_BESIDE = 0.3
"""Neighbours on a line have this share of the smaller one's height in common."""

_NOISE = 5.0
"""Ink stands out by this many standard deviations of the bare ground."""


def segments(grey: Grey) -> list[list[Segment]]:
    """Return what may be digits, in lines from top to bottom, each from left to right.

    Raises:
        BlankPictureError: nothing stands out from the ground.
        UnreadablePictureError: more pieces stand out than a page has digits.
    """
    strength, noise = ink_strength(without_table(grey))
    faint = max(LEAST_CONTRAST / 2, _NOISE * noise)
    strength = without_print(strength, faint)
    found = _sized(_inside(_strong(strength, faint), strength.shape))
    if not found:
        raise BlankPictureError("there is no ink on the picture", "give a picture with digits on it")
    if len(found) > MOST:
        raise UnreadablePictureError(
            f"the picture falls into {len(found):,} pieces, more than {MOST:,} digits would",
            "give a picture of digits alone",
        )
    return [[_segment(strength, group) for group in line] for line in _in_lines(_put_together(_without_rings(found)))]


def _strong(strength: Strength, faint: float) -> list[Component]:
    """Return the components of ink: all of a faint stroke that is strong somewhere."""
    standing_out = strength[strength > faint]
    if not standing_out.size:
        return []
    full = float(np.percentile(standing_out, 90))
    low, high = max(faint, 0.2 * full), max(LEAST_CONTRAST, 0.5 * full)
    return [found for found in components(strength > low).each() if _peak(found, strength) >= high]


def _peak(component: Component, strength: Strength) -> float:
    box = component.box
    return float(strength[box.top : box.bottom, box.left : box.right].max())


def _inside(found: Iterable[Component], shape: tuple[int, ...]) -> list[Component]:
    """Leave out what leaves the picture and is no stroke within: shadows in corners, edges of the paper, ruled lines."""
    height, width = shape
    strokes = [component for component in found if not _is_ruled_line(component.box, width, height)]
    within = [component for component in strokes if not _reaches_edge(component.box, width, height)]
    return within if len(within) >= _ENOUGH else strokes


def _reaches_edge(box: Box, width: int, height: int) -> bool:
    return box.left == 0 or box.top == 0 or box.right == width or box.bottom == height


def _is_ruled_line(box: Box, width: int, height: int) -> bool:
    across, down = box.right - box.left, box.bottom - box.top
    return (across > 0.5 * width and down < 0.1 * across) or (down > 0.5 * height and across < 0.03 * down)


def _without_rings(found: Sequence[Component]) -> list[Component]:
    """Leave out what is drawn around others, as the circle around an answer."""
    boxes = _edges(component.box for component in found)
    return [
        component
        for number, component in enumerate(found)
        if not (holds_enough(boxes, number, enclosed(boxes, number)) and is_ring(component.mask()))
    ]


def _sized(found: Sequence[Component]) -> list[Component]:
    """Leave out specks: what is much smaller than the digits, whose height is the one that most ink belongs to."""
    if not found:
        return []
    heights = np.array([_height(component.box) for component in found])
    order = np.argsort(heights)
    weights = np.cumsum(np.array([component.area for component in found])[order])
    typical = heights[order][np.searchsorted(weights, weights[-1] / 2)]
    return [
        component
        for component, height in zip(found, heights, strict=True)
        if max(height, component.box.right - component.box.left) >= 0.25 * typical
    ]


def _put_together(found: Sequence[Component]) -> list[list[Component]]:
    """Put parts of a digit together: each goes to the larger one that lies next over or under it, if one does."""
    boxes = _edges(component.box for component in found)
    heights = boxes[:, 3] - boxes[:, 1]
    typical = float(np.median(heights))
    groups = {number: [component] for number, component in enumerate(found)}
    order = np.argsort(heights, kind="stable")
    for done, number in enumerate(map(int, order), 1):
        apart = _apart(boxes, number, typical)
        apart[order[:done]] = np.inf  # itself, and what is smaller
        host = int(apart.argmin())
        if np.isfinite(apart[host]):
            groups[host] += groups.pop(number)
    return list(groups.values())


def _apart(boxes: Edges, number: int, typical: float) -> NDArray[np.float64]:
    """Return how far from a box each other lies, in pixels; infinity where the two are no parts of one digit.

    Parts lie over one another, as the halves of a broken one; a small part may lie beside, as the bar of a five.
    """
    left, top, right, bottom = boxes[number]
    across = np.minimum(boxes[:, 2], right) - np.maximum(boxes[:, 0], left)
    down = np.minimum(boxes[:, 3], bottom) - np.maximum(boxes[:, 1], top)
    wide = np.maximum(boxes[:, 2], right) - np.minimum(boxes[:, 0], left)
    high = np.maximum(boxes[:, 3], bottom) - np.minimum(boxes[:, 1], top)
    narrow = np.minimum(boxes[:, 2] - boxes[:, 0], right - left)
    over = (across >= 0.4 * narrow) & (-down < 0.3 * typical)
    beside = (bottom - top < 0.45 * typical) & (down > -0.2 * typical) & (-across < 0.15 * typical) & (wide < 1.2 * typical)
    return np.where((over | beside) & (high < 1.4 * typical), np.maximum(-across, -down), np.inf)


def _in_lines(things: Iterable[list[Component]]) -> list[list[list[Component]]]:
    """Put things into lines: each goes on the line whose last thing it stands beside most."""
    lines: list[list[list[Component]]] = []
    lasts = np.empty((0, 2))
    for thing in sorted(things, key=lambda group: _box_of(group).left):
        box = _box_of(thing)
        common = np.minimum(lasts[:, 1], box.bottom) - np.maximum(lasts[:, 0], box.top)
        share = common / np.minimum(lasts[:, 1] - lasts[:, 0], _height(box))
        number = int(share.argmax()) if len(lines) else -1
        if number >= 0 and share[number] >= _BESIDE:
            lines[number].append(thing)
            lasts[number] = box.top, box.bottom
        else:
            lines.append([thing])
            lasts = np.vstack([lasts, (box.top, box.bottom)])
    return sorted(lines, key=lambda line: float(np.mean([_box_of(group).top for group in line])))


def _edges(boxes: Iterable[Box]) -> Edges:
    return np.array([(box.left, box.top, box.right, box.bottom) for box in boxes])


def _box_of(group: Sequence[Component]) -> Box:
    return enclosing([component.box for component in group])


def _height(box: Box) -> int:
    return box.bottom - box.top


def _segment(strength: Strength, group: Sequence[Component]) -> Segment:
    """Cut a digit out, without what belongs to others; its edges keep their grey."""
    box = _box_of(group)
    own = np.zeros((box.bottom - box.top, box.right - box.left), np.bool_)
    for component in group:
        component.paint(own, box.left, box.top)
    values = np.where(own, strength[box.top : box.bottom, box.left : box.right], 0)
    full = float(np.percentile(values[own], 60))
    return Segment(box, np.clip(np.rint(values * (255 / max(full, 1.0))), 0, 255).astype(np.uint8))
