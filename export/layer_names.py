"""Finds the layer of the user's network that a converter's error is about."""

from __future__ import annotations

import re

import keras


def layer_named_in(network: keras.Model, text: str) -> str | None:
    """Return the first layer of a Keras network, or of its inner networks, to which a name of a node in ``text`` belongs.

    Nodes are named after the layers around them, ``model_1/dense_1/MatMul``, with one more number per name.
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
