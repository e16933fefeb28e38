"""Takes a piece of writing apart in which digits may touch.

The piece is cut at every place where little ink is cut through, the network answers whatever lies between two cuts and may
be a digit by its shape, and of all ways through the piece that is taken which the network believes most (the graph of
segmentations of LeCun et al., Gradient-based learning applied to document recognition, 1998, section VII, solved by dynamic
programming).
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

_APART = 0.13
"""Cuts are at least this share of the height apart."""

_WIDEST = 1.3
_NARROWEST = 0.12
"""A digit is between so many times as wide as the piece is high."""

_A_DIGIT = 0.3
"""What each digit costs beside the network's doubt, which is the negative logarithm of its confidence."""


def best_cut(answer: Answer, whole: Segment) -> list[Answered]:
    """Return the digits of a piece, from left to right, with what the network answers to each."""
    height, width = whole.ink.shape
    places = [0, *whole.places_to_cut(max(2, round(_APART * height))), width]
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
    """Return what a digit of this confidence costs, where several readings of the same ink compete."""
    return _A_DIGIT - math.log(max(confidence, 1e-6))


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
