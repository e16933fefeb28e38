"""Keras: ``model(x)`` in one ``tf.function`` for a fixed batch, scaling included, on TensorFlow's own threads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from digit_infer.benchmark.scenarios import Answer
    from digit_infer.contract import Images, Probabilities


def open_call(path: Path, batch: int) -> Answer:
    """Load a Keras file and trace it for one batch."""
    import keras
    import tensorflow as tf

    model = keras.saving.load_model(path, compile=False)
    shape = model.inputs[0].shape[1:]

    @tf.function(input_signature=[tf.TensorSpec((batch, 28, 28), tf.uint8)])  # type: ignore[untyped-decorator]  # untyped
    def answer(images: Any) -> Any:
        return model(tf.reshape(tf.cast(images, tf.float32) / 255.0, (batch, *shape)), training=False)

    def call(images: Images) -> Probabilities:
        probabilities: Probabilities = answer(images).numpy()
        return probabilities

    return call
