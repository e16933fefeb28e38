"""The interface of a user's own network, from its file, its answers and the options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import keras
import numpy as np

from digit_infer import dataset
from digit_infer.contract import CLASSES, SIDE
from digit_infer.errors import UsageError
from digit_infer.runtimes.adapter import Adapter, Layout
from digit_infer.runtimes.plausibility import digits_among, doubt
from digit_infer.runtimes.preprocessing import Preprocessing
from export.answers import Ending, ends_in_logits, probabilities, raw_answers, reference_probabilities
from export.errors import ExportError
from export.interface import Interface, interfaces

if TYPE_CHECKING:
    from digit_infer.contract import Probabilities

LOOKED_AT = 1_000
"""The number of test images from which the kind of answers and the scale of pixels are detected."""


@dataclass(frozen=True)
class Declared:
    """What the user declares of a network; None is detected from its answers. ``code`` has classes by their names."""

    preprocessing: Preprocessing | None = None
    ending: Ending | None = None
    code: Mapping[str, object] = field(default_factory=dict)
    layout: Layout | None = None
    classes: tuple[int, ...] | None = None

    @property
    def says_something(self) -> bool:
        """Whether anything but code is declared, which our own networks do not need."""
        return self.adapter is not None or self.ending is not None

    @property
    def adapter(self) -> Adapter | None:
        """What is declared of pixels and arrays, or None."""
        said = (self.preprocessing, self.layout, self.classes)
        return None if said == (None, None, None) else Adapter(*said)


def settle(name: str, network: keras.Model, declared: Declared) -> tuple[Interface, tuple[str, ...]]:
    """Detect the interface of a network, and set it to float32; return the interface, and notes for the user.

    Raises:
        ExportError: it does not take pictures, or does not answer ten digits, or other pixels than those declared are far
            better.
        UsageError: it takes whole numbers, and the declared pixels are none.
    """
    if quantized := [layer.name for layer in _layers(network) if getattr(layer, "quantization_mode", None)]:
        raise ExportError(
            f"{name} is quantized already, in {', '.join(quantized[:3])}",
            "give the network as it was before quantize(): the export quantizes it by itself",
        )
    wish = declared.preprocessing or Preprocessing(scale=255 if _takes_whole_numbers(network) else 1)
    _check_whole_numbers(name, network, wish)
    ways = interfaces(name, network, declared.adapter or Adapter())
    test = dataset.load("test")
    images, labels = test.images[:LOOKED_AT], test.labels[:LOOKED_AT]
    narrow_answers = raw_answers(network, replace(ways[0], preprocessing=wish), images)
    narrow = _made_float32(name, network)
    notes: list[str] = []
    doubtful: tuple[str, ...] = ()

    def asked(way: Interface) -> Interface:
        """Find which of more outputs are the digits, and whether they are logits."""
        answers = raw_answers(network, way, images)
        if way.classes is None and answers.shape[1] > CLASSES:
            way = replace(way, classes=digits_among(answers, labels))
            if way.classes is None:
                raise ExportError(
                    f"of the {answers.shape[1]} outputs of {name} it is not clear which are the digits",
                    "say which with --classes",
                )
        return replace(way, logits=ends_in_logits(name, answers, declared.ending))

    def answers_of(way: Interface) -> Callable[[Preprocessing], Probabilities]:
        return lambda pixels: reference_probabilities(network, replace(way, preprocessing=pixels), images)

    told = [asked(replace(way, preprocessing=wish)) for way in ways]
    interface = max(told, key=lambda way: float((answers_of(way)(wish).argmax(axis=1) == labels).mean()))
    found = doubt(name, wish, answers_of(interface), labels)
    if found is not None:
        if found.better is not None and declared.preprocessing is None:
            interface = asked(replace(interface, preprocessing=found.better))
            doubtful = (f"assumed: {found.line} It is exported so; say otherwise with --scale, --mean, --std or --invert",)
        elif found.better is not None and found.far:
            raise ExportError(found.line, f"pass {found.better.options}, or leave it to be found")
        else:
            doubtful = (f"warning: {found.line}",)
    answers = raw_answers(network, interface, images)
    if narrow:
        change = np.abs(probabilities(narrow_answers, interface) - probabilities(answers, interface)).max()
        notes.append(
            f"note: {name} computes in {', '.join(narrow)}: exported, and compared, in float32, which changes its"
            f" probabilities by up to {change:.2g}"
        )
    if interface.logits:
        notes.append(f"note: {name} ends in logits ({answers.min():.3g}..{answers.max():.3g}): softmax added by the export")
    if interface.side != SIDE:
        notes.append(f"assumed: pictures are {interface.size} to {interface.side} × {interface.side} for {name}")
    if interface.classes is not None:
        notes.append(f"{'note' if declared.classes else 'assumed'}: digits are the outputs {interface.classes} of {name}")
    return interface, (*notes, *doubtful)


def _takes_whole_numbers(network: keras.Model) -> bool:
    inputs = getattr(network, "inputs", None) or ()
    return any("int" in keras.backend.standardize_dtype(end.dtype) for end in inputs)


def _check_whole_numbers(name: str, network: keras.Model, wish: Preprocessing) -> None:
    if _takes_whole_numbers(network) and (wish.scale, wish.mean, wish.std) != (255, 0, 1):
        dtype = keras.backend.standardize_dtype(network.inputs[0].dtype)
        raise UsageError(f"{name} takes {dtype}, and {wish} are no whole numbers", "pass --scale 255, and no mean nor std")


def _layers(network: keras.Model) -> list[keras.layers.Layer]:
    return list(network._flatten_layers())  # noqa: SLF001  # Keras has no public way to the layers within layers


def _made_float32(name: str, network: keras.Model) -> list[str]:
    """Set every layer to float32, and return the other types in which layers computed.

    Raises:
        ExportError: the weights themselves are of another type.
    """
    stored = {keras.backend.standardize_dtype(weight.dtype) for weight in network.weights}
    if foreign := sorted(dtype for dtype in stored - {"float32"} if "float" in dtype):
        raise ExportError(
            f"{name} holds weights in {', '.join(foreign)}",
            "build it again under the policy float32, and give that network the weights with set_weights",
        )
    layers = _layers(network)
    other = {layer.compute_dtype for layer in layers if "float" in str(layer.compute_dtype)} - {"float32"}
    for layer in layers:
        if layer.compute_dtype in other:
            layer.dtype_policy = "float32"
    return sorted(other)
