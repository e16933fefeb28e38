"""How much arithmetic one image costs: the multiplications of matrix products, each with the addition that follows."""

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
"""What an exported file no longer holds: dropout, and batch norm, which is folded into its neighbours."""


def multiply_adds(network: keras.Model) -> int:
    """Count the multiply-adds of one image: those of products alone; zeros of a padding count.

    Raises:
        ExportError: there is a layer whose arithmetic this does not know.
    """
    return sum(map(_of_layer, network.layers))


def _of_layer(layer: keras.Layer) -> int:
    if isinstance(layer, _FREE + _GONE):
        return 0
    if type(layer) in (keras.layers.Dense, keras.layers.Conv2D):
        # Every number that comes out is a sum over all of its kernel, whose last axis are the units or filters.
        return int(math.prod(layer.output.shape[1:]) * math.prod(layer.kernel.shape[:-1]))
    raise ExportError(f"the multiply-adds of a {type(layer).__name__} are unknown", "add it to export/multiply_adds.py")
