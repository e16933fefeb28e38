"""Keras: ``Model.predict``, on TensorFlow's own threads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from digit_infer.benchmark.scenarios import Answer
    from digit_infer.contract import Images, Probabilities


def open_call(path: Path, batch: int) -> Answer:
    """Load a Keras file, for any batch."""
    import keras

    del batch
    model = keras.saving.load_model(path, compile=False)
    shape = model.inputs[0].shape[1:]

    def call(images: Images) -> Probabilities:
        pixels = images.reshape(-1, *shape).astype(np.float32) / np.float32(255)
        answer: Probabilities = model.predict(pixels, verbose=0)
        return answer

    return call
