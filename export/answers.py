"""The answers of a trained network in Keras: the reference for every exported file.

Pixels are prepared and softmaxes computed in numpy, without the wrapper of the export, so that its mistakes are found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import keras
import numpy as np

from digit_infer.runtimes import adapter
from digit_infer.runtimes.adapter import prepared
from digit_infer.runtimes.protocol import answer_in_parts
from export.errors import ExportError
from export.user_code import reason_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.contract import Images, Probabilities
    from export.interface import Interface

Ending = Literal["logits", "probabilities"]

BATCH = 1_000
"""Images per call in the verification of a file."""

_ROW_SUM = 1e-3


def raw_answers(network: Any, interface: Interface, images: Images) -> NDArray[np.float32]:
    """Call a network as users of Keras do: uint8 [N, 28, 28] -> its own numbers, float32 [N, 10 or more].

    Raises:
        ExportError: the network fails.
    """

    def answer(part: Images) -> NDArray[np.float32]:
        pixels = prepared(interface.adapter, part)
        try:
            (values,) = keras.tree.flatten(network(pixels, training=False))
        except Exception as error:  # the user's own code raises whatever comes
            raise ExportError(f"{network.name} fails on {pixels.shape} ({reason_of(error)})", "correct it") from error
        answers: NDArray[np.float32] = np.asarray(values, np.float32)
        return answers

    return answer_in_parts(answer, images, BATCH)


def reference_probabilities(network: Any, interface: Interface, images: Images) -> Probabilities:
    """Return the trained network's probabilities float32 [N, 10] for uint8 [N, 28, 28]."""
    return probabilities(raw_answers(network, interface, images), interface)


def probabilities(answers: NDArray[np.float32], interface: Interface) -> Probabilities:
    """Turn a network's own numbers, float32 [N, 10 or more], into probabilities, float32 [N, 10]."""
    return adapter.probabilities(answers, "logits" if interface.logits else "probabilities", interface.classes)


def ends_in_logits(name: str, answers: NDArray[np.float32], told: Ending | None) -> bool:
    """Return whether answers to real pictures, float32 [N, 10], are logits; ``told`` is what the user declared.

    Raises:
        ExportError: they are neither logits nor probabilities, are not finite, or are not what the user declared.
    """
    if not np.isfinite(answers).all():
        raise ExportError(f"{name} answers what is no number", "train it again, or correct --scale, --mean and --std")
    low, high = float(answers.min()), float(answers.max())
    stray = float(np.abs(answers.sum(axis=1) - 1).max())
    in_unit_range = low >= 0 and high <= 1 + _ROW_SUM
    if in_unit_range and stray <= _ROW_SUM:
        if told == "logits":
            raise ExportError(f"{name} answers probabilities, which need no softmax", "leave --logits out")
        return False
    if told == "logits":
        return True
    if told == "probabilities":
        raise ExportError(
            f"{name} does not answer probabilities: they lie in {low:.3g}..{high:.3g} and sum to 1 only within {stray:.2g}",
            "end the network in a softmax, or pass --logits",
        )
    if in_unit_range:
        raise ExportError(
            f"{name} answers neither probabilities nor logits: numbers in 0..1, but rows that sum to 1 only within"
            f" {stray:.2g}, as ten independent sigmoids do",
            "end the network in a softmax, or pass --logits to have one added to what it answers",
        )
    return True
