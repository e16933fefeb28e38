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

from training.errors import TrainingError

Validation = Literal["test", "first 5,000 of train", "last 10,000 of train", "none"]
Keeps = Literal["last epoch", "best validation loss"]
Decay = Literal["none", "cosine"]
Precision = Literal["float32", "bfloat16"]


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
class Distortion:
    """Ranges of random changes, each drawn evenly from minus to plus, and how strong the elastic ones are.

    ``shear`` is a slope and ``zoom`` the logarithm of a factor; ``elastic_pixels`` is the standard deviation of the
    displacements at the knots of an elastic change; ``damage`` is how many kinds of damage meet an image on average.
    """

    rotation_degrees: float
    shift_pixels: float
    zoom: float
    shear: float
    elastic_pixels: float
    damage: float


@dataclass(frozen=True)
class Regime:
    """How a network of our own learns: what it sees beside the images as they are, and what it is told about them.

    Targets are soft: the label with ``label_smoothing`` spread over all classes (Szegedy et al. 2016), mixed with what
    ``teachers``, bundled networks or those of other candidates, answer on average to the same changed image, by
    ``teacher_share`` (Hinton et al. 2015). To every image come ``non_digits`` pictures that show none, with all classes
    alike as the target. Teachers answer to digits alone.
    """

    distortion: Distortion
    non_digits: float
    label_smoothing: float
    teachers: tuple[str, ...] = ()
    teacher_share: float = 0.0

    def non_digits_among(self, digits: int) -> int:
        """Return how many pictures without a digit come to so many images with one."""
        return round(self.non_digits * digits)


@dataclass(frozen=True)
class Wide:
    """What a network of our own learns from beside MNIST's hands, for each of its images.

    ``hands`` digits by other hands and from the picture path, and ``non_digits`` pictures that show none, of more kinds
    than a regime's, in whose place they come; ``coarse`` of all images are stretched, moved, or made of few pixels.
    """

    hands: float
    non_digits: float
    coarse: float

    def added_to(self, digits: int) -> tuple[int, int]:
        """Return how many digits and how many non-digits come to so many images."""
        return round(self.hands * digits), round(self.non_digits * digits)


@dataclass(frozen=True)
class DrawnPictures:
    """What the ink network learns from: a ``pool`` of drawn pictures, of which each epoch takes ``an_epoch`` at random."""

    pool: int
    an_epoch: int


@dataclass(frozen=True)
class Recipe:
    """One row of the published table, or a network of our own, which has a ``regime`` and for which nobody has a ``claim``.

    The ink network has ``drawn`` pictures in place of MNIST's images: its ``network`` is one part, ``InkNetwork``, and its
    loss ``training.ink.network.InkLoss``.

    ``network`` is a chain of layers from float32 [N, 28, 28, 1] in 0..1 to the probabilities of ten classes; the loss is
    cross-entropy. ``keeps`` says which weights the notebook evaluated in the end; ``frozen_parameters`` are those among
    ``parameters`` that no gradient moves (the statistics of batch norm). ``decay`` lets the learning rate fall epoch by
    epoch; no published network does. ``validation`` "none" trains on all 60,000 images and watches none of them. In the
    last ``calm_epochs`` images are distorted as ``calm`` says: what a network sees then is nearer to what it will be
    asked. The kept weights answer with logits divided by ``temperature``, which was chosen on images that a candidate
    did not learn from (``training/search.py``). ``wide`` adds what MNIST lacks. A ``calibrated`` recipe holds its
    validation images back for good, and takes the temperature that is best for those once its last epoch is done.
    ``starts_from`` names a checkpoint in ``training/checkpoints`` that gives the first weights, the same for all seeds. In
    the end the kept weights are ``averaged_with_start``, one to one (Wortsman et al. 2022), and calibrated again.
    ``precision`` is that of the activations while it trains, all but the last layer's; weights are float32 always, and
    the kept network computes in float32.
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
    claim: Published | None
    frozen_parameters: int = 0
    plateau: Plateau | None = None
    augmentation: Augmentation | None = None
    decay: Decay = "none"
    regime: Regime | None = None
    calm: Distortion | None = None
    calm_epochs: int = 0
    temperature: float = 1.0
    drawn: DrawnPictures | None = None
    wide: Wide | None = None
    calibrated: bool = False
    starts_from: str = ""
    averaged_with_start: bool = False
    precision: Precision = "float32"

    @property
    def published(self) -> Published:
        """What was published of a row.

        Raises:
            TrainingError: it is a network of our own.
        """
        if self.claim is None:
            raise TrainingError(f"nothing is published of {self.name}", "name one of the published networks")
        return self.claim

    @property
    def standing(self) -> str:
        """What there is to compare with, in words."""
        return "a network of our own" if self.claim is None else f"published {self.claim.accuracy:.4f}"

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
            if setting.name == "claim" or (
                setting.default is not MISSING and getattr(self, setting.name) == setting.default
            ):
                del declared[setting.name]
        return hashlib.sha256(json.dumps(declared, sort_keys=True).encode()).hexdigest()[:12]
