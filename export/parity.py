"""Verifies that a file's answers to the 10,000 test images agree with the trained model's within its precision's bounds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from digit_infer.benchmark.statistics import accuracy_of, flips
from digit_infer.zoo.manifest import Parity
from export.errors import ParityError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.contract import Precision, Probabilities


@dataclass(frozen=True)
class Bound:
    """The bounds of a file; None means no bound.

    ``tie``: flips are allowed only where the reference's two best probabilities lie this close. ``accuracy_loss`` is a
    share (of few images one may be lost, whatever share that is), ``row_sum`` how far a row may sum from 1.
    """

    largest_difference: float | None
    tie: float | None
    flips: int | None
    accuracy_loss: float | None
    row_sum: float


BOUNDS: dict[Precision, Bound] = {
    "float32": Bound(largest_difference=1e-4, tie=1e-4, flips=None, accuracy_loss=None, row_sum=1e-4),
    "float16": Bound(largest_difference=5e-3, tie=None, flips=3, accuracy_loss=None, row_sum=5e-3),
    "int16x8": Bound(largest_difference=None, tie=None, flips=None, accuracy_loss=0.0020, row_sum=5e-3),
    "int8-dynamic": Bound(largest_difference=None, tie=None, flips=None, accuracy_loss=0.0020, row_sum=0.03),
    "int8": Bound(largest_difference=None, tie=None, flips=None, accuracy_loss=0.0020, row_sum=0.03),
}

INK_BOUNDS: dict[Precision, float] = {"float32": 1e-4, "int8": 1e-2}
"""The share of pixels in which a file of the ink network and the trained network may disagree about ink."""


@dataclass(frozen=True)
class NeighbourBound:
    """How much the images of a call may influence one another: the share of flips, and the change of a probability."""

    flips: float
    largest_difference: float


NEIGHBOURS = NeighbourBound(flips=0.0005, largest_difference=0.05)


def compare(reference: Probabilities, candidate: Probabilities, labels: NDArray[np.uint8], runtime: str) -> Parity:
    """Measure how a file's answers differ from the trained model's; both float32 [N, 10]."""
    difference = np.abs(reference.astype(np.float64) - candidate)
    return Parity(
        largest_difference=float(difference.max()),
        mean_difference=float(difference.mean()),
        flips=flips(reference, candidate),
        accuracy=accuracy_of(candidate, labels),
        runtime=runtime,
    )


def prove(
    name: str,
    precision: Precision,
    reference: Probabilities,
    candidate: Probabilities,
    labels: NDArray[np.uint8],
    runtime: str,
    allowed_loss: float = 0.0,
) -> Parity:
    """Return the comparison if it is within the bound of the precision, or within ``allowed_loss``, a share of accuracy.

    Raises:
        ParityError: it is not; the message has the numbers.
    """
    if not np.isfinite(candidate).all():
        raise _failed(name, f"{int((~np.isfinite(candidate)).any(axis=1).sum()):,} of its answers are not finite")
    bound = BOUNDS[precision]
    parity = compare(reference, candidate, labels, runtime)
    stray = float(np.abs(candidate.sum(axis=1) - 1).max())
    if stray > bound.row_sum:
        raise _failed(name, f"a row of probabilities sums to 1 only within {stray:.2g}, not {bound.row_sum:g}")
    if bound.largest_difference is not None and parity.largest_difference > bound.largest_difference:
        raise _failed(
            name,
            f"probabilities differ by up to {parity.largest_difference:.2g}, not {bound.largest_difference:g}, "
            f"and {len(parity.flips)} answers changed",
        )
    if bound.tie is not None:
        real = [index for index in parity.flips if _lead(reference[index]) > bound.tie]
        if real:
            raise _failed(name, f"{len(real)} answers changed that were no ties (images {_some(real)})")
    if bound.flips is not None and len(parity.flips) > bound.flips:
        raise _failed(
            name, f"{len(parity.flips)} answers changed, not {bound.flips} at most (images {_some(list(parity.flips))})"
        )
    lost = accuracy_of(reference, labels).correct - parity.accuracy.correct
    if bound.accuracy_loss is None:
        return parity
    most = max(bound.accuracy_loss, allowed_loss)
    if lost > max(1, round(most * len(labels))):
        points = 100 * lost / len(labels)
        error = ParityError(
            f"{name} is not written: accuracy falls by {points:.2f} percentage points to {parity.accuracy.share:.4f}, more"
            f" than {100 * most:.2f}, with {len(parity.flips)} answers changed",
            f"its answers are not those of the trained model; --allow-loss {math.ceil(10 * points) / 10:g} accepts that",
        )
        error.lost = points
        raise error
    return parity


def check_neighbours(name: str, one_by_one: Probabilities, together: Probabilities) -> None:
    """Check that answers, both float32 [N, 10], hardly depend on the other images of the call.

    Raises:
        ParityError: they do.
    """
    largest, changed = float(np.abs(one_by_one - together).max()), len(flips(one_by_one, together))
    if changed > NEIGHBOURS.flips * len(together) or largest > NEIGHBOURS.largest_difference:
        raise ParityError(
            f"{name} is not written: asked together, images change {changed} answers of one another, and"
            f" probabilities by up to {largest:.2g}",
            "take int8, or int8-dynamic as tflite",
        )


def _lead(row: NDArray[np.float32]) -> float:
    second, first = np.sort(row)[-2:]
    return float(first - second)


def _some(indices: list[int]) -> str:
    return ", ".join(str(index) for index in indices[:5]) + ("…" if len(indices) > 5 else "")


def _failed(name: str, what: str) -> ParityError:
    return ParityError(f"{name} is not written: {what}", "its answers are not those of the trained model")
