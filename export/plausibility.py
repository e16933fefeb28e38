"""Whether a network sees what it was trained on: told by its answers to MNIST, which other pixels spoil without a word."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from export.preprocessing import Preprocessing

if TYPE_CHECKING:
    from numpy.typing import NDArray

_USUAL = tuple(
    Preprocessing(scale, mean, std, inverted)
    for scale, mean, std in ((1, 0, 1), (255, 0, 1), (1, 0.5, 0.5), (1, 0.1307, 0.3081))
    for inverted in (False, True)
)
"""What networks for MNIST are trained on: 0..1, bytes, -1..1, and the data set's own mean and deviation."""

_LOW = 0.5
"""Below this share of right answers a network is doubted in any case."""

_SURE = 3
"""Standard deviations by which another way must be better; McNemar's, over the pictures that one way alone gets right."""

Answers = Callable[[Preprocessing], "NDArray[np.float32]"]


def doubt(
    name: str,
    answers: NDArray[np.float32],
    labels: NDArray[np.uint8],
    given: Preprocessing,
    answers_by: Answers,
) -> str | None:
    """Return a line of warning if the network answers badly, or clearly better with other pixels; else None.

    ``answers`` are float32 [N, 10], ``answers_by`` gives those to the same pictures with other preprocessing.
    """
    right = answers.argmax(axis=1) == labels
    found = f"warning: {name} answers {100 * right.mean():.1f} % of MNIST's first {len(labels):,} test images with {given}"
    others = {way: answers_by(way).argmax(axis=1) == labels for way in _USUAL if way != given}
    best = max(others, key=lambda way: others[way].sum())
    gain = others[best].sum() - right.sum()
    if gain > max(_SURE * np.sqrt((others[best] != right).sum()), len(labels) / 100):
        return f"{found}, and {100 * others[best].mean():.1f} % with {best.options}: is that how it was trained?"
    if right.mean() < _LOW:
        return f"{found}: is --scale right? does it expect dark ink on light ground (--invert)? is it trained?"
    return None
