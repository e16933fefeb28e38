"""The interface of a trained network: the shape of a picture, its values, and what the answers are."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import keras
import numpy as np

from digit_infer.contract import CLASSES, SIDE
from digit_infer.runtimes.adapter import Adapter, End, Layout, Size, forms
from digit_infer.runtimes.preprocessing import Preprocessing
from export.errors import ExportError
from export.user_code import reason_of

Shape = tuple[int, ...]

SHAPES: tuple[Shape, ...] = ((SIDE, SIDE), (SIDE, SIDE, 1), (SIDE * SIDE,))
"""Possible shapes of one picture, behind the batch. No two of them have the same number of dimensions."""

_PROBE = 2
"""Pictures in the call that shows what a network gives: with 1, a network for single pictures would pass."""


@dataclass(frozen=True)
class Interface:
    """The input and output of a network; ``logits``: the export adds a softmax.

    ``layout``, ``side``, ``size`` and ``classes`` are those of ``digit_infer.runtimes.adapter.Adapter``.
    """

    shape: Shape
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    logits: bool = False
    layout: Layout | None = None
    side: int = SIDE
    size: Size | None = None
    classes: tuple[int, ...] | None = None

    @property
    def adapter(self) -> Adapter:
        """The same for the adapter, which prepares pixels in numpy."""
        return Adapter(self.preprocessing, self.layout, self.classes, self.shape, self.side, self.size)


def interfaces(name: str, network: keras.Model, wish: Adapter) -> list[Interface]:
    """Return the possible layouts of a picture in a network's input; its answers then show which is right.

    Raises:
        ExportError: there is none, or the network does not give ten numbers or more a picture.
    """
    declared = _declared_shape(name, network)
    if declared is None:
        found = [Interface(_tried_shape(name, network))]
    else:
        ways = [form for form in forms(End(name, "float32", (None, *declared)), wish) if form.batch is None]
        found = [Interface(form.shape, layout=form.layout, side=form.side, size=form.size) for form in ways]
    if not found:
        given = _batched((None, *(declared or ())))
        raise ExportError(
            f"{name} takes {given}, and no picture of 8 to 64 pixels a side",
            "give a network for square pictures, or say how pixels lie with --layout",
        )
    count = _check_answers(name, network, found[0].shape)
    if wish.classes is not None and max(wish.classes) >= count:
        raise ExportError(f"{name} gives {count} numbers, and --classes names {max(wish.classes)}", "count from 0")
    return [replace(way, classes=wish.classes) for way in found]


def picture_shape(name: str, network: keras.Model) -> Shape:
    """Find the shape of one picture of 28 x 28 pixels: as the network declares it, or else by calling it on each.

    Raises:
        ExportError: it is none of ``SHAPES``, or is not known; or the network does not give ten numbers a picture.
    """
    return interfaces(name, network, Adapter())[0].shape


def _declared_shape(name: str, network: keras.Model) -> tuple[int | None, ...] | None:
    """Return the shape of one picture that the network declares, or None."""
    if isinstance(network, keras.Sequential | keras.Function):
        inputs: list[Any] = [tuple(end.shape) for end in getattr(network, "inputs", None) or ()]
    else:  # a subclassed network keeps the shapes that it was built with
        kept = network.get_build_config() or {}
        inputs = [kept["input_shape"]] if "input_shape" in kept else list(kept.get("shapes_dict", {}).values())
        if inputs and not all(isinstance(shape, list | tuple) and _is_flat(shape) for shape in inputs):
            raise ExportError(f"{name} takes {kept['input_shape']}", "give a network with one input")
    if len(inputs) > 1:
        raise ExportError(
            f"{name} has {len(inputs)} inputs, {', '.join(map(_batched, inputs))}", "give a network with one input"
        )
    if not inputs and not network.weights:
        raise _unbuilt(name)
    return tuple(inputs[0][1:]) if inputs else None


def _is_flat(shape: Any) -> bool:
    return all(size is None or isinstance(size, int) for size in shape)


def _tried_shape(name: str, network: keras.Model) -> Shape:
    """Call a network that declares no shape on a picture of each; take the one that works, or those that answer the same.

    Raises:
        ExportError: none works, calling it made new weights, or the answers depend on the shape.
    """
    weights = len(network.weights)
    pixels = np.random.default_rng(0).random((_PROBE, SIDE * SIDE), np.float32)
    answers: dict[Shape, Any] = {}
    failures: list[str] = []
    for shape in SHAPES:
        try:
            answers[shape] = keras.tree.map_structure(np.asarray, network(pixels.reshape(_PROBE, *shape), training=False))
        except Exception as error:  # the user's own code raises whatever comes
            failures.append(f"{shape}: {reason_of(error)}")
    if len(network.weights) != weights:
        raise _unbuilt(name)
    if not answers:
        raise ExportError(f"{name} takes none of {SHAPES} ({failures[0]})", "give a network for 28 × 28 pictures")
    first, *others = [np.concatenate([part.ravel() for part in keras.tree.flatten(found)]) for found in answers.values()]
    if not all(first.shape == other.shape and np.allclose(first, other, atol=1e-5) for other in others):
        raise ExportError(
            f"{name} does not say the shape of its input, and answers differently to {' and '.join(map(str, answers))}",
            "call it on a picture before you save it",
        )
    return next(iter(answers))


def _check_answers(name: str, network: keras.Model, shape: Shape) -> int:
    """Refuse a network that does not give ten numbers or more a picture; return how many.

    Raises:
        ExportError: with what it gives, or why it cannot be called.
    """
    try:
        answer = network(np.zeros((_PROBE, *shape), np.float32), training=False)
    except Exception as error:  # the user's own code raises whatever comes
        raise ExportError(
            f"{name} cannot be called on pictures of shape {shape} ({reason_of(error)})", "save one that can"
        ) from error
    found = [tuple(part.shape) for part in keras.tree.flatten(answer)]
    if len(found) != 1:
        raise ExportError(
            f"{name} gives {len(found)} outputs, {', '.join(map(_batched, found))}",
            "keep the ten digits: keras.Model(model.inputs, model.outputs[…])",
        )
    if len(found[0]) != 2 or found[0][0] != _PROBE or found[0][1] < CLASSES:
        raise ExportError(f"{name} gives {_batched(found[0])}, not (None, 10)", "give a classifier of ten digits or more")
    return int(found[0][1])


def _batched(shape: Any) -> str:
    return str((None, *shape[1:]))


def _unbuilt(name: str) -> ExportError:
    return ExportError(
        f"{name} was saved before it was built, so its file holds no weights", "call it on a picture, then save it"
    )
