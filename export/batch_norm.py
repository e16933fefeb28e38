"""Folds batch normalization into the layer behind it, for every format; exact up to rounding.

Converters fold a normalization into the linear layer in front of it (Jacob et al. 2018, section 3.2). After an activation
they leave a product and a sum over all values. There the next layer can absorb both: its input is ``factor * x + shift``,
so the factor goes into its weights and the shift into its bias.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Link:
    """One layer of a chain. With a configuration and weights, a new layer of its class with these replaces it."""

    layer: keras.layers.Layer
    config: dict[str, Any] | None = None
    weights: tuple[NDArray[np.float32], ...] | None = None


def folded(chain: Sequence[Link]) -> list[Link]:
    """Return the chain without the batch normalizations that can be folded into a later layer; the others stay."""
    links = list(chain)
    for number in reversed(range(len(links))):
        if not isinstance(links[number].layer, keras.layers.BatchNormalization):
            continue
        factor, shift = _factor_and_shift(links[number].layer)
        reader = _reader(links, number, factor)
        if reader is not None:
            links[reader] = _taken_in(links[reader], factor, shift)
            del links[number]
    return links


def _factor_and_shift(layer: keras.layers.BatchNormalization) -> tuple[Values, Values]:
    """Return the factor and the shift of each channel at inference: float64 [channels] each."""
    mean, variance = (np.asarray(value, np.float64) for value in (layer.moving_mean, layer.moving_variance))
    gamma = 1.0 if layer.gamma is None else np.asarray(layer.gamma, np.float64)
    beta = 0.0 if layer.beta is None else np.asarray(layer.beta, np.float64)
    factor = gamma / np.sqrt(variance + layer.epsilon)
    return factor, beta - mean * factor


def _reader(links: Sequence[Link], number: int, factor: Values) -> int | None:
    """Return the position of the layer into which a normalization can be folded, or None.

    Between the two may be dropout, average pooling, flattening, and max pooling if all factors are positive. After
    flattening the channels repeat. A padded convolution cannot absorb a shift, since its border is zero and not the shift.
    """
    layers = keras.layers
    if links[number].layer.axis not in (-1, len(links[number].layer.input.shape) - 1):
        return None
    for position in range(number + 1, len(links)):
        layer = links[position].layer
        if isinstance(layer, layers.Dense):
            return position
        if isinstance(layer, layers.Conv2D) and not isinstance(layer, layers.DepthwiseConv2D | layers.Conv2DTranspose):
            return position if layer.padding == "valid" and layer.groups == 1 and _channels_last(layer) else None
        passes = isinstance(
            layer, layers.Dropout | layers.GlobalAveragePooling2D | layers.AveragePooling2D | layers.Flatten
        )
        largest = isinstance(layer, layers.MaxPooling2D | layers.GlobalMaxPooling2D) and bool((factor > 0).all())
        if not (passes or largest) or not _channels_last(layer):
            return None
    return None


def _channels_last(layer: keras.layers.Layer) -> bool:
    return getattr(layer, "data_format", "channels_last") == "channels_last"


def _taken_in(link: Link, factor: Values, shift: Values) -> Link:
    """Scale the rows of a layer's weights by the factor, and add the contribution of the shift to its bias."""
    config = link.config or link.layer.get_config()
    weights = link.weights or tuple(link.layer.get_weights())
    kernel = np.asarray(weights[0], np.float64)
    repeats = kernel.shape[-2] // len(factor)
    factors, shifts = np.tile(factor, repeats), np.tile(shift, repeats)
    bias = np.asarray(weights[1], np.float64) if config["use_bias"] else 0.0
    added = (kernel * shifts[:, None]).sum(axis=tuple(range(kernel.ndim - 1)))
    scaled = (kernel * factors[:, None]).astype(np.float32)
    return Link(link.layer, {**config, "use_bias": True}, (scaled, (bias + added).astype(np.float32)))
