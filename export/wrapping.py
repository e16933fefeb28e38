"""Brings a trained network to the contract: uint8 [N, 28, 28] -> float32 [N, 10], with a graph that converts cleanly."""

from __future__ import annotations

import math

import keras

from digit_infer.contract import CLASSES, SIDE
from digit_infer.errors import ExportError
from export.batch_norm import Link, folded


class Reshaped(keras.layers.Layer):
    """Reshape everything behind the batch, with the batch as the one unknown dimension.

    Keras' ``Flatten`` and ``Reshape`` compute the batch at run time, which costs six nodes in ONNX and a chain that old
    TFLite runtimes keep out of their fast delegate.
    """

    def __init__(self, shape: tuple[int, ...], name: str) -> None:
        super().__init__(name=name)
        self._shape = shape

    def call(self, values: keras.KerasTensor) -> keras.KerasTensor:
        """Reshape [N, …] to [N, *shape]."""
        return keras.ops.reshape(values, (-1, *self._shape))


class UnitRange(keras.layers.Layer):
    """Turn bytes into float32 in 0..1: a cast and one product."""

    def call(self, pixels: keras.KerasTensor) -> keras.KerasTensor:
        """Scale [N, 28, 28] by 1/255."""
        return keras.ops.cast(pixels, "float32") * (1 / 255)


def wrapped(network: keras.Model, *, takes_bytes: bool) -> keras.Model:
    """Return the network behind the contract's input.

    With ``takes_bytes`` the input is uint8 and the scaling is in the graph. Without, it is float32 in 0..1: full-integer
    conversion starts from there and makes the input uint8 with scale 1/255 by itself.

    Raises:
        ExportError: the network's input or output is not that of a classifier of 28 x 28 digits.
    """
    check_shapes(network)
    images = keras.Input((SIDE, SIDE), dtype="uint8" if takes_bytes else "float32", name="images")
    values = UnitRange(name="unit_range")(images) if takes_bytes else images
    if len(network.input_shape) == 4:
        values = Reshaped((SIDE, SIDE, 1), name="channel_axis")(values)
    probabilities = lean(network)(values)
    return keras.Model(images, probabilities, name="contract")


def check_shapes(network: keras.Model) -> None:
    """Refuse a network that does not take 28 x 28 pictures and give ten probabilities.

    Raises:
        ExportError: with its shapes.
    """
    takes, gives = getattr(network, "input_shape", None), getattr(network, "output_shape", None)
    if takes not in ((None, SIDE, SIDE), (None, SIDE, SIDE, 1)):
        raise ExportError(
            f"{network.name} takes {takes}, not (None, 28, 28) or (None, 28, 28, 1)", "give a network for 28 × 28 pictures"
        )
    if gives != (None, CLASSES):
        raise ExportError(f"{network.name} gives {gives}, not (None, 10)", "give a classifier of ten digits")


def lean(network: keras.Model) -> keras.Model:
    """Return the network with the same answers, in the form that converts cleanly.

    Every ``Flatten`` gets a fixed shape. In a chain of layers, batch normalization goes into the layer that reads it. A
    subclassed network has no layers to exchange and is returned as it is.
    """
    if not isinstance(network, keras.Sequential | keras.Function):
        return network
    chain = _chain(network)
    if chain is None:
        copy = keras.models.clone_model(network, clone_function=lambda layer: _exchanged(Link.of(layer)))
        copy.set_weights(network.get_weights())
        return copy
    links = folded(chain)
    entry = values = keras.Input(network.input_shape[1:])
    layers = [_exchanged(link) for link in links]
    for layer, link in zip(layers, links, strict=True):
        values = layer(values)
        layer.set_weights(link.weights)
    return keras.Model(entry, values, name=network.name)


def _chain(network: keras.Model) -> list[Link] | None:
    """Return the layers behind the input if each reads the one before it and nothing else, or None."""
    layers = [layer for layer in network.layers if not isinstance(layer, keras.layers.InputLayer)]
    if any(isinstance(layer, keras.Model) for layer in layers):
        return None
    if not isinstance(network, keras.Sequential):
        ends = [network.inputs[0], *(layer.output for layer in layers)]
        if any(layer.input is not end for layer, end in zip(layers, ends, strict=False)) or ends[-1] is not network.outputs[0]:
            return None
    return [Link.of(layer) for layer in layers]


def _exchanged(link: Link) -> keras.layers.Layer:
    if isinstance(link.layer, keras.layers.Flatten):
        return Reshaped((math.prod(link.layer.input.shape[1:]),), name=link.layer.name)
    return link.layer.__class__.from_config(link.config)
