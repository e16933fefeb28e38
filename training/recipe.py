"""What a recipe is: the declaration of one published network and of how it was trained.

A recipe holds names and numbers alone, so it reads like the published table, imports nothing heavy, and has a fingerprint.
``training.network`` turns it into a Keras model.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from typing import Any, Literal

Validation = Literal["test", "first 5,000 of train"]
Keeps = Literal["last epoch", "best validation loss"]
Decay = Literal["none", "cosine"]


@dataclass(frozen=True)
class Part:
    """A Keras object by its class name and its arguments: a layer, an initialiser, a regulariser or an optimiser."""

    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Published:
    """What the notebook printed: test accuracy (a share) and test loss, if it gave one, and where they stand."""

    accuracy: float
    loss: float | None
    source: str


@dataclass(frozen=True)
class Plateau:
    """Multiply the learning rate by ``factor`` once the validation loss has not improved for ``patience`` epochs.

    As ``keras.callbacks.ReduceLROnPlateau`` does: to improve is to fall by more than 1e-4, and no cooldown follows.
    """

    factor: float
    patience: int


@dataclass(frozen=True)
class Augmentation:
    """Ranges of random changes, each drawn evenly from minus to plus: shifts as a share of the side, zooms around 1."""

    rotation_degrees: float
    shift: float
    zoom: float
    shear_degrees: float


@dataclass(frozen=True)
class Recipe:
    """One row of the published table.

    ``network`` is a chain of layers from float32 [N, 28, 28, 1] in 0..1 to the probabilities of ten classes; the loss is
    cross-entropy. ``keeps`` says which weights the notebook evaluated in the end; ``frozen_parameters`` are those among
    ``parameters`` that no gradient moves (the statistics of batch norm). ``decay`` lets the learning rate fall epoch by
    epoch; no published network does.
    """

    name: str
    group: str
    network: tuple[Part, ...]
    parameters: int
    optimizer: Part
    batch_size: int
    epochs: int
    validation: Validation
    keeps: Keeps
    published: Published
    frozen_parameters: int = 0
    plateau: Plateau | None = None
    augmentation: Augmentation | None = None
    decay: Decay = "none"

    @property
    def watched_the_test_set(self) -> bool:
        """Whether the notebook used test images as validation data while training."""
        return self.validation == "test"

    def fingerprint(self) -> str:
        """Return twelve hex digits that change with anything that changes the training, but not with what was published.

        A setting at its default is left out, so a new kind of setting does not disown the runs of recipes without it.
        """
        declared = asdict(self)
        for setting in fields(self):
            if setting.name == "published" or (
                setting.default is not MISSING and getattr(self, setting.name) == setting.default
            ):
                del declared[setting.name]
        return hashlib.sha256(json.dumps(declared, sort_keys=True).encode()).hexdigest()[:12]
