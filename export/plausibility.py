"""Whether a network sees what it was trained on: told by its answers to MNIST, which other pixels spoil without a word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from export.preprocessing import Preprocessing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.contract import Probabilities

_USUAL = tuple(
    Preprocessing(scale, mean, std, inverted)
    for scale, mean, std in ((1, 0, 1), (255, 0, 1), (1, 0.5, 0.5), (1, 0.1307, 0.3081))
    for inverted in (False, True)
)
"""What networks for MNIST are trained on: 0..1, bytes, -1..1, and the data set's own mean and deviation."""

_LOW = 0.5
"""Below this share of right answers a network is doubted in any case."""

_SURE = 3
"""Standard deviations that tell more right answers from as many; McNemar's, over pictures that one way alone gets right."""

_NOTICEABLE = 0.01
"""And the share of pictures that it takes."""


@dataclass(frozen=True, eq=False)
class _Fit:
    """Which answers are right, and their cross-entropy: wrong pixels often leave the answer and spoil the confidence."""

    right: NDArray[np.bool_]
    cross_entropy: float

    @staticmethod
    def of(probabilities: Probabilities, labels: NDArray[np.uint8]) -> _Fit:
        of_truth = probabilities[np.arange(len(labels)), labels].astype(np.float64)
        right = probabilities.argmax(axis=1) == labels
        return _Fit(right, float(-np.log(np.maximum(of_truth, np.finfo(np.float32).tiny)).mean()))

    @property
    def share(self) -> str:
        return f"{100 * self.right.mean():.1f} %"

    def is_clearly_better_than(self, other: _Fit) -> bool:
        gain = int(self.right.sum()) - int(other.right.sum())
        noticeable = _NOTICEABLE * len(self.right)
        if gain > max(_SURE * np.sqrt((self.right != other.right).sum()), noticeable):
            return True
        return gain >= -noticeable and self.cross_entropy < other.cross_entropy / 2


def doubt(
    name: str, given: Preprocessing, answers: Callable[[Preprocessing], Probabilities], labels: NDArray[np.uint8]
) -> str | None:
    """Return a line of warning if a network answers badly, or clearly better to other pixels than to those given.

    ``answers`` gives its probabilities, float32 [N, 10], for the same pictures prepared in one way or another.
    """
    now = _Fit.of(answers(given), labels)
    found = f"warning: {name} answers {now.share} of MNIST's first {len(labels):,} test images with {given}"
    others = {way: _Fit.of(answers(way), labels) for way in _USUAL if way != given}
    better = {way: fit for way, fit in others.items() if fit.is_clearly_better_than(now)}
    if better:
        best = min(better, key=lambda way: better[way].cross_entropy)
        return (
            f"{found} (cross-entropy {now.cross_entropy:.2g}), and {better[best].share} with {best.options}"
            f" ({better[best].cross_entropy:.2g}): was it trained so?"
        )
    if now.right.mean() < _LOW:
        return f"{found}: is --scale right? does it expect dark ink on light ground (--invert)? is it trained?"
    return None
