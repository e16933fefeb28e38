"""Brings a trained network to the contract: uint8 [N, 28, 28] -> float32 [N, 10], with a graph that converts cleanly."""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras
import numpy as np

from digit_infer.contract import SIDE
from digit_infer.runtimes.adapter import resampling
from export.batch_norm import Link, folded
from export.interface import Interface


class Reshaped(keras.layers.Layer):
    """Reshape everything behind the batch, with the batch as the one unknown dimension; without a shape, to one axis.

    Keras' ``Flatten`` and ``Reshape`` compute the batch at run time, which costs six nodes in ONNX and a chain that old
    TFLite runtimes keep out of their fast delegate.
    """

    def __init__(self, shape: tuple[int, ...] | None, name: str) -> None:
        super().__init__(name=name)
        self._shape = shape

    def call(self, values: keras.KerasTensor) -> keras.KerasTensor:
        """Reshape [N, …] to [N, *shape]."""
        return keras.ops.reshape(values, (-1, *(self._shape or (math.prod(values.shape[1:]),))))


class Prepared(keras.layers.Layer):
    """Turn pixels into the float32 values that a network was trained on: a cast, one product, and a sum if need be."""

    def __init__(self, factor: float, offset: float, name: str) -> None:
        super().__init__(name=name)
        self._factor = factor
        self._offset = offset

    def call(self, pixels: keras.KerasTensor) -> keras.KerasTensor:
        """Compute [N, 28, 28] × factor + offset."""
        values = keras.ops.cast(pixels, "float32") * self._factor
        return values + self._offset if self._offset else values


class Sized(keras.layers.Layer):
    """Bring pixels, [N, 28, 28] and prepared, to a network's side: with a border of ground, or stretched."""

    def __init__(self, interface: Interface, name: str) -> None:
        super().__init__(name=name)
        self._adapter = interface.adapter
        self._ground = float(interface.preprocessing.table[0])

    def call(self, values: keras.KerasTensor) -> keras.KerasTensor:
        """Return [N, side, side]."""
        side = self._adapter.side
        if self._adapter.size == "padded":
            before = (side - SIDE) // 2
            border = (before, side - SIDE - before)
            return keras.ops.pad(values - self._ground, ((0, 0), border, border)) + self._ground
        weights = resampling(side)
        return keras.ops.matmul(keras.ops.matmul(weights, values), np.ascontiguousarray(weights.T))


def wrapped(network: keras.Model, interface: Interface, *, takes_bytes: bool) -> keras.Model:
    """Return the network between the contract's two ends.

    With ``takes_bytes`` the input is uint8 and the scaling is in the graph. Without, it is float32 in 0..1, whatever the
    network was trained on: full-integer conversion starts from there and makes the input uint8 with scale 1/255 by itself.
    """
    wish = interface.preprocessing
    factor = wish.factor / 255 if takes_bytes else wish.factor
    images = values = keras.Input((SIDE, SIDE), dtype="uint8" if takes_bytes else "float32", name="images")
    if (factor, wish.offset) != (1, 0):
        values = Prepared(factor, wish.offset, name="prepared")(values)
    if interface.size is not None:
        values = Sized(interface, name="sized")(values)
    if (channels := interface.adapter.channels) > 1:
        axis = 1 if interface.layout == "channels-first" else 3
        values = keras.ops.concatenate([keras.ops.expand_dims(values, axis)] * channels, axis)
    elif interface.shape != (SIDE, SIDE):
        values = Reshaped(interface.shape, name="channel_axis")(values)  # the name reaches TFLite files
    (answers,) = keras.tree.flatten(lean(network)(values))
    if answers.dtype != "float32":
        answers = keras.ops.cast(answers, "float32")
    if interface.classes is not None:
        answers = keras.ops.take(answers, np.array(interface.classes), axis=1)
    if interface.logits:
        answers = keras.layers.Softmax(name="probabilities")(answers)
    elif interface.classes is not None:
        answers = answers / keras.ops.sum(answers, axis=1, keepdims=True)
    return keras.Model(images, answers, name="contract")


def lean(network: keras.Model) -> keras.Model:
    """Return the network with the same answers, in the form that converts cleanly; a subclassed one as it is.

    Every ``Flatten``, also in networks within, gets a fixed shape. In a chain of layers, batch normalization goes into the
    layer that reads it. All other layers are the network's own, not copies: some hold more than weights.
    """
    if not (isinstance(network, keras.Sequential | keras.Function) and type(network).__module__.startswith("keras.")):
        return network
    chain = _chain(network)
    return _copied(network) if chain is None else _rebuilt(network, folded(chain))


def _chain(network: keras.Model) -> list[Link] | None:
    """Return the layers behind the input if each reads the one before it and nothing else, or None."""
    layers = [layer for layer in network.layers if not isinstance(layer, keras.layers.InputLayer)]
    if len(network.inputs) != 1 or any(isinstance(layer, keras.Model) for layer in layers):
        return None
    if not isinstance(network, keras.Sequential):
        ends = [network.inputs[0], *(layer.output for layer in layers)]
        if (
            any(layer.input is not end for layer, end in zip(layers, ends, strict=False))
            or ends[-1] is not network.outputs[0]
        ):
            return None
    return [Link(layer) for layer in layers]


def _rebuilt(network: keras.Model, links: Sequence[Link]) -> keras.Model:
    entry = values = keras.Input(network.inputs[0].shape[1:], dtype=network.inputs[0].dtype)
    for link in links:
        layer = _exchanged(link.layer) if link.config is None else link.layer.__class__.from_config(link.config)
        values = layer(values)
        if link.weights is not None:
            layer.set_weights(link.weights)
    return keras.Model(entry, values, name=network.name)


def _copied(network: keras.Model) -> keras.Model:
    def exchanged(layer: keras.layers.Layer) -> keras.layers.Layer:
        return lean(layer) if isinstance(layer, keras.Model) else _exchanged(layer)

    return keras.models.clone_model(network, clone_function=exchanged)


def _exchanged(layer: keras.layers.Layer) -> keras.layers.Layer:
    """Return a flattening with a fixed shape for ``Flatten``, and else the layer itself."""
    flattens = isinstance(layer, keras.layers.Flatten) and layer.data_format == "channels_last"
    return Reshaped(None, name=layer.name) if flattens else layer
