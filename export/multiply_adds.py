"""The number of multiply-adds of one image in matrix products and convolutions."""

from __future__ import annotations

import math

import keras

from export.errors import ExportError

_FREE = (
    keras.layers.InputLayer,
    keras.layers.Flatten,
    keras.layers.MaxPooling2D,
    keras.layers.AveragePooling2D,
    keras.layers.ReLU,
    keras.layers.Reshape,
    keras.layers.Permute,
    keras.layers.Resizing,
    keras.layers.Add,
)
_GONE = (keras.layers.Dropout, keras.layers.BatchNormalization)
"""Layers that an exported file does not contain: dropout, and batch norm, which is folded."""


def multiply_adds(network: keras.Model) -> int:
    """Count the multiply-adds of products for one image, including those with the zeros of a padding.

    Raises:
        ExportError: a layer is of an unknown kind.
    """
    return sum(map(_of_layer, network.layers))


def _of_layer(layer: keras.Layer) -> int:
    if isinstance(layer, _FREE + _GONE):
        return 0
    if type(layer) in (keras.layers.Dense, keras.layers.Conv2D):
        # Every number that comes out is a sum over all of its kernel, whose last axis are the units or filters.
        return int(math.prod(layer.output.shape[1:]) * math.prod(layer.kernel.shape[:-1]))
    raise ExportError(f"the multiply-adds of a {type(layer).__name__} are unknown", "add it to export/multiply_adds.py")
