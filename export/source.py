"""What is exported: a recipe's checkpoint by its name, or a Keras file of the user's own by its path."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import keras
import numpy as np

from digit_infer.errors import ExportError, MissingModelFileError
from digit_infer.runtimes import RUNTIMES
from digit_infer.runtimes.keras import load_network
from digit_infer.runtimes.protocol import ModelFile, answer_in_parts
from digit_infer.zoo import sha256_of
from export.published import recipe_of
from export.wrapping import check_shapes
from training import checkpoint
from training.recipes import ROWS

if TYPE_CHECKING:
    from digit_infer.contract import Images, Probabilities

BATCH = 1_000
"""Images in one call while a model is proven."""


@dataclass(frozen=True, eq=False)
class Source:
    """A trained model, its file's sha256, and the recipe that trained it ("" if none of ours did)."""

    name: str
    path: Path
    sha256: str
    recipe: str
    network: keras.Model


def load_source(name_or_path: str) -> Source:
    """Load what is to be exported.

    Raises:
        MissingModelFileError: there is no such recipe, no checkpoint of it, or no such file.
        DamagedModelError, ExportError: the file is no Keras model, or none for 28 x 28 digits.
    """
    if checkpoint.has_checkpoint(name_or_path):
        name, path = name_or_path, checkpoint.path_of(name_or_path)
        recipe = recipe_of(name)
        missing = checkpoint.how_to_make(name)
    else:
        path = Path(name_or_path)
        name, recipe = path.stem, ""
        missing = f"check the path, or name a recipe: {', '.join(ROWS)}"
    if not path.exists():
        raise MissingModelFileError(f"there is no file {path}", missing)
    if path.suffix != ".keras":
        raise ExportError(f"{path} is no .keras file", "save the model with model.save('NAME.keras')")
    network = load_network(path)
    check_shapes(network)
    return Source(name, path, sha256_of(path), recipe, network)


def reference_probabilities(source: Source, images: Images) -> Probabilities:
    """Run the trained model over uint8 [N, 28, 28], the way a user of Keras would: float32 [N, 10].

    Raises:
        ExportError: its rows are no probabilities.
    """
    file = ModelFile(source.name, source.path, "keras", "float32", source.path.stat().st_size)
    session = RUNTIMES["keras"].open(file, None)
    probabilities = answer_in_parts(session.probabilities, images, BATCH)
    if probabilities.min() < 0 or np.abs(probabilities.sum(axis=1) - 1).max() > 1e-3:
        raise ExportError(f"{source.path} does not answer probabilities", "end the network in a softmax")
    return probabilities
