"""Wraps a trained network in the contract: uint8 [N, 28, 28] -> float32 [N, 10], with a graph that converts cleanly."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import keras
import numpy as np

from digit_infer.contract import SIDE
from digit_infer.runtimes.adapter import resampling
from export.answers import raw_answers
from export.batch_norm import Link, folded
from export.interface import Interface
from export.ranges import CHANGED_ANSWERS

if TYPE_CHECKING:
    from digit_infer.contract import Images

_STEPS = 128
"""The most steps to unroll; more give a graph that is too large."""


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
    """Bring pixels, [N, 28, 28] and prepared, to a network's side: with a border of background, or stretched."""

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


def wrapped(
    network: keras.Model, interface: Interface, *, takes_bytes: bool, batch: int | None = None, folds: bool = True
) -> keras.Model:
    """Return the network with the contract's input and output, for a ``batch`` or any; ``folds`` is that of ``lean``.

    With ``takes_bytes`` the input is uint8 and the scaling is in the graph. Without, it is float32 in 0..1, whatever the
    network was trained on: full-integer conversion starts from there and makes the input uint8 with scale 1/255 by itself.
    """
    wish = interface.preprocessing
    factor = wish.factor / 255 if takes_bytes else wish.factor
    images = values = keras.Input((SIDE, SIDE), batch, "uint8" if takes_bytes else "float32", name="images")
    if (factor, wish.offset) != (1, 0):
        values = Prepared(factor, wish.offset, name="prepared")(values)
    if interface.size is not None:
        values = Sized(interface, name="sized")(values)
    if (channels := interface.adapter.channels) > 1:
        axis = 1 if interface.layout == "channels-first" else 3
        values = keras.ops.concatenate([keras.ops.expand_dims(values, axis)] * channels, axis)
    elif interface.shape != (SIDE, SIDE):
        values = Reshaped(interface.shape, name="channel_axis")(values)  # the name reaches TFLite files
    (answers,) = keras.tree.flatten(lean(network, folds=folds)(values))
    if answers.dtype != "float32":
        answers = keras.ops.cast(answers, "float32")
    if interface.classes is not None:
        answers = keras.ops.take(answers, np.array(interface.classes), axis=1)
    if interface.logits:
        answers = keras.layers.Softmax(name="probabilities")(answers)
    elif interface.classes is not None:
        answers = answers / keras.ops.sum(answers, axis=1, keepdims=True)
    return keras.Model(images, answers, name="contract")


@contextmanager
def unrolled(network: keras.Model, *, but: tuple[type, ...] = ()) -> Iterator[None]:
    """Unroll recurrent layers, except those of some classes, and inline functions within the ``with`` block.

    TensorFlow's converter supports no loop over time with a dynamic batch, and quantizes nothing in a loop. Keras computes
    grouped convolutions in a function, which ONNX does not have.
    """
    import tensorflow as tf

    looped = [
        layer
        for layer in network._flatten_layers()  # noqa: SLF001  # Keras has no public way to the layers within layers
        if isinstance(layer, keras.layers.RNN) and not isinstance(layer, but) and not layer.unroll
    ]
    shapes = [(layer, (layer.get_build_config() or {}).get("input_shape") or (None, None)) for layer in looped]
    short = [layer for layer, (_, steps, *_) in shapes if steps is not None and steps <= _STEPS]
    for layer in short:
        layer.unroll = True
    tf.config.run_functions_eagerly(True)  # those that are called while another is traced become part of it
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(False)
        for layer in short:
            layer.unroll = False


def folding_harms(network: keras.Model, interface: Interface, read: Callable[[], Images]) -> bool:
    """Return whether folding with weights in eight bits changes more than 1 % of the answers to some pictures.

    The batch normalization of a channel that is always 0 has a large factor, which makes the steps of all others coarse.
    """
    chain = _chain(network) if _is_plain(network) else None
    if chain is None or len(links := folded(chain)) == len(chain):
        return False
    coarse = _rebuilt(network, [link if link.weights is None else _in_eight_bits(link) for link in links])
    images = read()
    expected, found = (raw_answers(one, interface, images).argmax(axis=1) for one in (network, coarse))
    return bool((expected != found).mean() > CHANGED_ANSWERS)


def _in_eight_bits(link: Link) -> Link:
    kernel, *others = link.weights or ()
    steps = np.abs(kernel).max(axis=tuple(range(kernel.ndim - 1))) / 127
    return Link(link.layer, link.config, (np.rint(kernel / np.where(steps, steps, 1)) * steps, *others))


def lean(network: keras.Model, *, folds: bool = True) -> keras.Model:
    """Return the network with the same answers in a form that converts well; a subclassed one unchanged.

    Every ``Flatten``, also in inner networks, gets a fixed shape. In a chain of layers, batch normalization is folded into
    the next layer if ``folds``. All other layers are the network's own, not copies: some hold more than weights.
    """
    if not _is_plain(network):
        return network
    chain = _chain(network)
    return _copied(network) if chain is None or not folds else _rebuilt(network, folded(chain))


def _is_plain(network: keras.Model) -> bool:
    return isinstance(network, keras.Sequential | keras.Function) and type(network).__module__.startswith("keras.")


def _chain(network: keras.Model) -> list[Link] | None:
    """Return the layers behind the input if each reads only the one before it, or None."""
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
    """Return a layer with a fixed shape for ``Flatten``, or else the layer itself."""
    flattens = isinstance(layer, keras.layers.Flatten) and layer.data_format == "channels_last"
    return Reshaped(None, name=layer.name) if flattens else layer
