"""Splits digits that may touch.

Candidate cuts lie where a cut crosses little ink. The network classifies every part between two cuts that may be a digit by
its shape, and dynamic programming finds the sequence of parts with the least cost: the segmentation graph of LeCun et al.,
Gradient-based learning applied to document recognition, 1998, section VII.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from digit_infer.contract import Images
    from digit_infer.image.page import Segment
    from digit_infer.prediction import Prediction

    Answer = Callable[[Images], list[Prediction]]
    Answered = tuple[Segment, Prediction]

_CUT_DISTANCE = 0.13
"""The least distance of two cuts, as a share of the height."""

_WIDEST = 1.3
_NARROWEST = 0.12
"""Limits of the width of a digit, as shares of the height."""

_COST_OF_A_DIGIT = 0.3
"""The cost of each digit, added to the negative logarithm of its confidence."""


def best_cut(answer: Answer, whole: Segment) -> list[Answered]:
    """Return the digits of a segment from left to right, each with its prediction."""
    height, width = whole.ink.shape
    places = [0, *whole.places_to_cut(max(2, round(_CUT_DISTANCE * height))), width]
    spans = [
        (first, last)
        for first in range(len(places) - 1)
        for last in range(first + 1, len(places))
        if _NARROWEST * height <= places[last] - places[first] <= _WIDEST * height or last - first == len(places) - 1
    ]
    parts = {span: whole.between(places[span[0]], places[span[1]]) for span in spans}
    kept = [(span, part, part.image()) for span, part in parts.items() if part is not None]
    predictions = answer(np.stack([image for _, _, image in kept]))
    answered = {span: (part, prediction) for (span, part, _), prediction in zip(kept, predictions, strict=True)}
    return _cheapest_way(answered, len(places) - 1, empty={span for span, part in parts.items() if part is None})


def cost_of(confidence: float) -> float:
    """Return the cost of a digit with this confidence, 0 to 1, by which readings of the same ink are compared."""
    return _COST_OF_A_DIGIT - math.log(max(confidence, 1e-6))


def _cheapest_way(answered: dict[tuple[int, int], Answered], end: int, empty: set[tuple[int, int]]) -> list[Answered]:
    best: list[tuple[float, list[Answered]]] = [(0.0, [])]
    for last in range(1, end + 1):
        ways: list[tuple[float, list[Answered]]] = []
        for first in range(last):
            cost, way = best[first]
            if (first, last) in answered:
                found = answered[first, last]
                ways.append((cost + cost_of(found[1].confidence), [*way, found]))
            elif (first, last) in empty:
                ways.append((cost, way))
        best.append(min(ways, key=lambda entry: entry[0], default=(np.inf, [])))
    return best[end][1]
