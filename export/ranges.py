"""From the values that a tensor takes to the range that eight bits shall cover.

A wide range loses resolution, a narrow one clips: ``min-max`` clips nothing, ``percentile`` and ``entropy`` give up a few
values for finer steps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from export.calibration import Method

Model = TypeVar("Model")

PERCENTILE = 99.99
"""How many of the values are kept at either end, in per cent."""

CHANGED_ANSWERS = 0.01
"""The share of answers to calibration images that integers may change without more staying in floats."""

_BINS = 2_048
_VALUES_IN_A_BIN = 32
"""So many on average, or fewer bins: in a sparse histogram the empty bins decide, and most of the values are clipped."""

_LEVELS = 128
"""Steps of a magnitude in eight bits with a sign."""


def well_kept(choices: Iterable[str], made: Callable[[str], tuple[Model, float] | None]) -> Iterator[tuple[Model, str]]:
    """Yield a network with one part of it or another in integers: first those that keep its answers, in the order given.

    ``made`` quantizes by a choice, and tells which share of the answers to the calibration images changed; None if it
    cannot. Choices that change more than 1 % come last, the best first. Each is made when it is asked for.
    """
    others: list[tuple[float, Model, str]] = []
    for name in choices:
        if (found := made(name)) is None:
            continue
        model, changed = found
        if changed <= CHANGED_ANSWERS:
            yield model, name
        else:
            others.append((changed, model, name))
    yield from ((model, name) for _, model, name in sorted(others, key=lambda other: other[0]))


def range_of(values: NDArray[np.float32], method: Method) -> tuple[float, float]:
    """Return the lowest and the highest value to represent; 0 is always between them."""
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    if method == "percentile":
        kept_low, kept_high = np.percentile(values, [100 - PERCENTILE, PERCENTILE])
        return min(float(kept_low), 0.0), max(float(kept_high), 0.0)
    if method == "entropy":
        threshold = entropy_threshold(values)
        return max(low, -threshold), min(high, threshold)
    return low, high


def entropy_threshold(values: NDArray[np.float32]) -> float:
    """Return the magnitude beyond which to clip: that with the least relative entropy to the unquantized values.

    The method of TensorRT (S. Migacz, "8-bit inference with TensorRT", GTC 2017): of a histogram of magnitudes, each
    candidate keeps the first bins and adds what is clipped to the last; that is compared with the same bins merged into
    128 levels, each spread evenly over its bins that are not empty.
    """
    magnitudes = np.abs(values.ravel())
    magnitudes = magnitudes[magnitudes > 0]  # the many zeros behind a ReLU are exact at any scale
    if not len(magnitudes):
        return 0.0
    bins = int(np.clip(len(magnitudes) // _VALUES_IN_A_BIN, _LEVELS, _BINS))
    counts, edges = np.histogram(magnitudes, bins, range=(0, float(magnitudes.max())))
    even = _without_spikes(counts.astype(np.float64))
    candidates = range(bins, _LEVELS - 1, -max(bins // _LEVELS, 1))
    best = min(candidates, key=lambda kept: _divergence(even, kept))
    return float(edges[best])


def _without_spikes(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cut each bin down to twice the fuller of its neighbours.

    Behind an empty ground a convolution gives the same value again and again. Such a value is rounded once, whatever the
    scale; but its bin outweighs all others, and a clipping that comes to lie in it would look like none.
    """
    before, after = np.roll(counts, 1), np.roll(counts, -1)
    before[0], after[-1] = counts[1], counts[-2]
    cut: NDArray[np.float64] = np.minimum(counts, 2 * np.maximum(before, after))
    return cut


def _divergence(counts: NDArray[np.float64], kept: int) -> float:
    """Return the Kullback-Leibler divergence of the first ``kept`` bins, clipped, from their quantized form."""
    clipped = counts[:kept].copy()
    clipped[-1] += counts[kept:].sum()
    filled = counts[:kept] > 0
    if clipped[-1] and not filled[-1]:
        return float("inf")  # what is clipped would come to lie where nothing was
    level = np.arange(kept) * _LEVELS // kept
    mass = np.bincount(level, weights=counts[:kept], minlength=_LEVELS)
    bins = np.bincount(level, weights=filled, minlength=_LEVELS)
    spread = (mass / np.maximum(bins, 1))[level][filled]
    expected = clipped[filled] / clipped.sum()
    return float(np.sum(expected * np.log(expected * spread.sum() / spread)))
