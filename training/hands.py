"""Digits unlike MNIST's: its strokes redrawn with pens of all widths, and shapes that it lacks.

MNIST is American, of about 1990, written with a thick pen. Ones with a flag and a foot, open fours, crossed sevens, slashed
zeros, angular fives, nines with a straight leg and looped twos are drawn here as strokes; print comes from Hershey's fonts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from training.glyphs import parsed
from training.ink.skeletons import skeletons
from training.scripts import PRINTED_DIGITS, glyphs_of
from training.strokes import bent, joined, penned

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.glyphs import Stroke

    Images = NDArray[np.uint8]
    Labels = NDArray[np.uint8]
    Draw = np.random.Generator

_SHAPES = """
~40 13 16 49 76 73 40 ; ~60 30 12 17 49 77 72 40 20 ; ~40 13 16 49 76 73 40|17 72 ; ~40 13 16 49 76 73 40|09 90
~40 13 16 49 76 73 40|62 27 ; 20 05 29 69 85 60 20
--
40 49 ; 60 39 ; 13 40 49 ; ~03 31 50|50 59 ; 22 50 59|29 89 ; 13 50 59|19 99 ; 06 60 69 ; 40 49|19 79 ; 31 50 49|29 69
04 30 49 ; ~04 22 40|40 39 ; 03 51 49|29 69 ; 02 40 49 ; 13 40 49 ; 13 50 49 ; 03 40 39 ; 12 41 49 ; 04 50 49
--
~12 40 72 64 09|09 89 ; ~12 40 72 64 28 07 28 58 89 ; ~12 30 61 63 09|~09 38 69 98 ; ~12 40 72 55 18 08 27 49 88
11 30 60 72 09 89
--
~11 40 72 44|~44 76 49 08 ; 10 80 43|~43 76 49 08 ; ~01 30 61 53 34|~34 65 67 49 18 ; ~11 40 62 54 34 55 76 49 08
00 80 44 76 79 09
--
10 05 85|70 69 ; 20 14 84|72 79 ; 20 05 85|63 59 ; 60 06 86|60 69 ; 69 60 06 86 ; ~10 14 35 74|70 79 ; 50 06 96|63 69
10 15 75|71 79 ; ~50 13 06|06 86|62 59 ; ~40 03 16 76|~62 55 59 ; ~60 23 06 36 85|62 58
--
80 20 14|~14 64 77 49 08 ; 80 10 14 74 79 09 ; ~14 54 77 49 08|14 20|20 80 ; 80 10 15 75 78 59 09
~70 30 24 54 77 49 08 ; ~10 14 54 77 49 08|10 80
--
~70 23 07 49 77 45 07 ; ~60 13 17 49 77 55 16 ; ~50 14 17 39 68 66 45 16 ; 60 05 09 79 75 05 ; 50 14|~14 17 49 77 54 16
--
00 80 39 ; 00 80 39|25 75 ; 02 00 80 39 ; 00 80|~80 45 39 ; ~01 20 41 80|~80 45 39|25 75 ; 02 00 80 49|24 84
~02 10 40 81 80 54 39
--
~70 30 11 34 76 58 28 07 44 72 70 ; ~40 22 44 62 40|~44 17 49 77 44 ; ~71 40 12 34 66 58 28 16 54 71
10 70 08 78 10 ; ~40 13 44 73 40|~44 16 49 76 44
--
~72 40 12 34 63 72|72 79 ; ~72 40 12 34 63 72|~72 77 39 18 ; ~71 41 13 35 64 71|71 69 ; ~60 20 13 35 64 60|~60 67 49
75 15 10 70 79 ; ~71 40 13 34 63 71|70 79 ; ~71 31 13 34 63 71|~71 77 49 18 06 ; ~60 20 12 34 63 60|~60 67 49 19 07
~71 31 03 25 63 71|~71 76 39 08 06 ; ~62 30 12 34 62|62 69 09
"""
"""The shapes of each digit, in the notation of ``training.glyphs``; one that stands twice is drawn twice as often."""

SHAPES: tuple[tuple[tuple[Stroke, ...], ...], ...] = tuple(parsed(text) for text in _SHAPES.split("--"))

_NARROWEST, _NARROWEST_SEVEN = 0.5, 0.75
"""The least width of a shape, as a share of its own. A narrower 7 would look like a 1 with a flag (docs/protocol.md)."""

_SHARES = {"redrawn": 0.4, "shape": 0.5, "print": 0.1}


class Hands:
    """Draws digits unlike MNIST's."""

    def __init__(self, images: Images, labels: Labels, thinned: int = 12_000) -> None:
        """Take the strokes of the first ``thinned`` of images uint8 [N, 28, 28] with labels uint8 [N]."""
        self._paths = skeletons(images[:thinned])
        self._labels = labels[:thinned]

    def digits(self, count: int, draw: Draw) -> tuple[Images, Labels]:
        """Draw ``count`` digits in MNIST's form: uint8 [N, 28, 28], and their labels uint8 [N]."""
        kinds = draw.choice(list(_SHARES), size=count, p=list(_SHARES.values()))
        made = [self._digit(str(kind), draw) for kind in kinds]
        return np.stack([image for image, _ in made]), np.array([label for _, label in made], np.uint8)

    def _digit(self, kind: str, draw: Draw) -> tuple[NDArray[np.uint8], int]:
        if kind == "redrawn":
            chosen = int(draw.integers(len(self._paths)))
            return penned(self._paths[chosen], draw), int(self._labels[chosen])
        label = int(draw.integers(10))
        if kind == "print":
            font = PRINTED_DIGITS[draw.integers(len(PRINTED_DIGITS))]
            return penned(joined(glyphs_of(font)[str(label)], 0.015, draw), draw), label
        shapes = SHAPES[label]
        strokes = shapes[draw.integers(len(shapes))]
        width = np.array([draw.uniform(_NARROWEST_SEVEN if label == 7 else _NARROWEST, 1.0), 1.0])
        bends = draw.random() < 0.15
        lines = [np.array(stroke.points) * width for stroke in strokes]
        moved = [line + draw.normal(0, 0.035, line.shape) * width for line in lines]
        curves = [bent(line) if stroke.bends or bends else line for line, stroke in zip(moved, strokes, strict=True)]
        return penned(joined(curves, 0.0, draw), draw), label
