"""A network of the user's own: how it is spoken to, by its file, by its answers, and by what the user says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import keras
import numpy as np

from digit_infer import dataset
from digit_infer.errors import UsageError
from export.answers import Ending, ends_in_logits, probabilities, raw_answers, reference_probabilities
from export.errors import ExportError
from export.interface import Interface, picture_shape
from export.plausibility import doubt
from export.preprocessing import Preprocessing

LOOKED_AT = 1_000
"""The first test images, that the kind of a network's answers is told by, and whether its pixels are plausible."""


@dataclass(frozen=True)
class Declared:
    """What the user says of a network; ``ending`` None leaves it to the answers, ``code`` holds classes by their names."""

    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    ending: Ending | None = None
    code: Mapping[str, object] = field(default_factory=dict)

    @property
    def says_something(self) -> bool:
        """Whether a network of ours, which needs no words, is not meant."""
        return (self.preprocessing, self.ending) != (Preprocessing(), None)


def settle(name: str, network: keras.Model, declared: Declared) -> tuple[Interface, tuple[str, ...]]:
    """Find how a network is spoken to, and make it compute in float32; return that with what the user should know.

    Raises:
        ExportError: it does not take 28 x 28 pictures, or does not answer ten digits.
        UsageError: it takes whole numbers, and what the user says makes others.
    """
    wish = declared.preprocessing
    shape = picture_shape(name, network)
    _check_whole_numbers(name, network, wish)
    test = dataset.load("test")
    images, labels = test.images[:LOOKED_AT], test.labels[:LOOKED_AT]
    as_saved = raw_answers(network, shape, wish, images)
    narrow = _made_float32(name, network)
    answers = raw_answers(network, shape, wish, images) if narrow else as_saved
    interface = Interface(shape, wish, ends_in_logits(name, answers, declared.ending))
    notes = []
    if narrow:
        change = np.abs(probabilities(as_saved, interface) - probabilities(answers, interface)).max()
        notes.append(
            f"note: {name} computes in {', '.join(narrow)}: exported, and compared, in float32, which changes its"
            f" probabilities by up to {change:.2g}"
        )
    if interface.logits:
        notes.append(f"note: {name} ends in logits ({answers.min():.3g}..{answers.max():.3g}): softmax added by the export")
    doubtful = doubt(
        name, wish, lambda way: reference_probabilities(network, replace(interface, preprocessing=way), images), labels
    )
    return interface, (*notes, *([doubtful] if doubtful else []))


def _check_whole_numbers(name: str, network: keras.Model, wish: Preprocessing) -> None:
    dtype = keras.backend.standardize_dtype(network.inputs[0].dtype) if getattr(network, "inputs", None) else "float32"
    if "int" in dtype and (wish.scale, wish.mean, wish.std) != (255, 0, 1):
        raise UsageError(f"{name} takes {dtype}, and {wish} are no whole numbers", "pass --scale 255, and no mean nor std")


def _made_float32(name: str, network: keras.Model) -> list[str]:
    """Let every layer compute in float32, and return the other types that layers computed in.

    Raises:
        ExportError: the weights themselves are of another type.
    """
    stored = {keras.backend.standardize_dtype(weight.dtype) for weight in network.weights}
    if foreign := sorted(dtype for dtype in stored - {"float32"} if "float" in dtype):
        raise ExportError(
            f"{name} holds weights in {', '.join(foreign)}",
            "build it anew under the policy float32, and give that network the weights with set_weights",
        )
    layers = list(network._flatten_layers())  # noqa: SLF001  # Keras has no public way to the layers within layers
    other = {layer.compute_dtype for layer in layers if "float" in str(layer.compute_dtype)} - {"float32"}
    for layer in layers:
        if layer.compute_dtype in other:
            layer.dtype_policy = "float32"
    return sorted(other)
