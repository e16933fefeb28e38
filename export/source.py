"""What is exported: a recipe's checkpoint by its name, or a Keras file of the user's own by its path."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import keras

from digit_infer.contract import format_of
from digit_infer.errors import MissingModelFileError, UsageError
from digit_infer.runtimes.keras import load_network
from digit_infer.runtimes.model_file import sha256_of
from digit_infer.runtimes.preprocessing import Preprocessing
from export.answers import reference_probabilities
from export.errors import ExportError
from export.interface import Interface, picture_shape
from export.own_network import Declared, settle
from export.published import recipe_of
from training import checkpoint
from training.recipes import MODELS

if TYPE_CHECKING:
    from digit_infer.contract import Images, Probabilities
    from export.pairs import Pair


@dataclass(frozen=True, eq=False)
class Source:
    """A trained model, its file's sha256, the recipe that trained it ("" if none of ours did), and its interface.

    ``notes`` are lines that the user should read; ``folds`` says whether batch normalizations go into the layers behind.
    """

    name: str
    path: Path
    sha256: str
    recipe: str
    network: keras.Model
    interface: Interface
    notes: tuple[str, ...] = ()
    folds: bool = True

    def reference(self, images: Images) -> Probabilities:
        """Return the trained network's probabilities float32 [N, 10] for uint8 [N, 28, 28]."""
        return reference_probabilities(self.network, self.interface, images)

    def refusal(self, pair: Pair) -> str | None:
        """Return None: a network of layers can be exported in every form."""
        del pair
        return None

    @property
    def takes(self) -> str | None:
        """Which pixels the network was trained on, in words; None where they are in 0..1."""
        pixels = self.interface.preprocessing
        return None if pixels == Preprocessing() else str(pixels)

    @property
    def answers(self) -> str | None:
        """What the network answers, in words; None where it is probabilities."""
        return "logits, softmax added by the export" if self.interface.logits else None


def load_source(name_or_path: str, declared: Declared | None = None) -> Source:
    """Load what is to be exported; ``declared`` is what the user declares of their own network.

    Raises:
        MissingModelFileError: there is no such recipe, no checkpoint of it, or no such file.
        ModelCodeError, DamagedModelError: Keras cannot load the file, or not without code of the user's own.
        ExportError: the network is none for 28 x 28 digits, or its answers are no probabilities.
        UsageError: what is declared contradicts the network.
    """
    declared = declared or Declared()
    if checkpoint.has_checkpoint(name_or_path):
        name, path = name_or_path, checkpoint.path_of(name_or_path)
        recipe = recipe_of(name)
        missing = checkpoint.how_to_make(name)
        if declared.says_something:
            raise UsageError(
                f"{name} is a recipe's network: pixels in 0..1, and probabilities",
                "leave out --scale, --mean, --std, --invert, --logits and --probabilities",
            )
    else:
        path = Path(name_or_path)
        name, recipe = path.stem, ""
        missing = f"check the path, or name a recipe: {', '.join(MODELS)}"
    if not path.exists():
        raise MissingModelFileError(f"there is no file {path}", missing)
    if format_of(path) != "keras":
        raise ExportError(
            f"{path} has no suffix of a model", "give a .keras, .h5, .onnx, .tflite or .pt2 file, or a SavedModel"
        )
    network = load_network(path, declared.code)
    interface, notes = (Interface(picture_shape(name, network)), ()) if recipe else settle(name, network, declared)
    return Source(name, path, sha256_of(path), recipe, network, interface, notes)
