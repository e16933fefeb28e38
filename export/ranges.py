"""Chooses the range of a tensor for eight bits from its values.

A wide range has coarse steps, a narrow one clips values: ``min-max`` clips none, ``percentile`` and ``entropy`` clip a few
for finer steps.
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
"""The percentile at either end of the range."""

CHANGED_ANSWERS = 0.01
"""The share of answers to calibration images that quantization may change; above it, more stays in floats."""

_BINS = 2_048
_VALUES_IN_A_BIN = 32
"""The mean number of values per bin, at least: in a sparse histogram, empty bins lead to clipping most values."""

_LEVELS = 128
"""Steps of a magnitude in eight bits with a sign."""


def well_kept(choices: Iterable[str], made: Callable[[str], tuple[Model, float] | None]) -> Iterator[tuple[Model, str]]:
    """Yield lazily a network quantized by each choice: first those that keep its answers, in the order given.

    ``made`` quantizes by a choice, and returns the share of changed answers to the calibration images, or None if it
    cannot. Choices that change more than 1 % come last, the best first.
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
    """Limit each bin to twice the fuller of its neighbours.

    On an empty background a convolution returns the same value many times. Its bin outweighs all others, and clipping
    within that bin would seem to lose nothing.
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
        return float("inf")  # the clipped values would fall into an empty bin
    level = np.arange(kept) * _LEVELS // kept
    mass = np.bincount(level, weights=counts[:kept], minlength=_LEVELS)
    bins = np.bincount(level, weights=filled, minlength=_LEVELS)
    spread = (mass / np.maximum(bins, 1))[level][filled]
    expected = clipped[filled] / clipped.sum()
    return float(np.sum(expected * np.log(expected * spread.sum() / spread)))
