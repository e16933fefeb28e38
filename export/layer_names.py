"""Finds in what converters say the layer of the user's network that they speak of."""

from __future__ import annotations

import re

import keras


def layer_named_in(network: keras.Model, text: str) -> str | None:
    """Return the first layer of a Keras network, or of networks within it, that a graph's names in ``text`` lie within.

    A graph names its nodes by the layers around them, ``model_1/dense_1/MatMul``, and numbers each name once more.
    """
    layers = network._flatten_layers()  # noqa: SLF001  # Keras has no public way to the layers within layers
    names = {layer.name for layer in layers if not isinstance(layer, keras.Model)}
    for scopes in re.findall(r'[^\s";,]+/[^\s";,]+', text):
        for scope in scopes.split("/"):
            for name in (re.sub(r"_\d+$", "", scope), scope):
                if name in names:
                    return str(name)
    return None


def operator_named_in(text: str) -> str | None:
    """Return the first operator that TensorFlow's converter names in an error, or None."""
    found = re.search(r'fused\["(\w+):"', text)
    return found and found[1]
