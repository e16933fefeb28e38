"""``manifest.json``: the list of the bundled models."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from digit_infer.contract import Format, Precision
from digit_infer.errors import DamagedModelError, UsageError

MANIFEST_SCHEMA = 5


@dataclass(frozen=True)
class Accuracy:
    """Right answers on the 10,000 MNIST test images, with Wilson's 95 % interval of the share."""

    correct: int
    images: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """The share of right answers."""
        return self.correct / self.images


@dataclass(frozen=True)
class Parity:
    """How a file's outputs differ from the trained model's on the 10,000 test images.

    ``flips`` are the indices of the images whose digit changed; differences are of probabilities.
    """

    largest_difference: float
    mean_difference: float
    flips: tuple[int, ...]
    accuracy: Accuracy
    runtime: str


@dataclass(frozen=True)
class ZooFile:
    """One deployable file."""

    file: str
    format: Format
    precision: Precision
    sha256: str
    bytes: int
    parity: Parity


@dataclass(frozen=True)
class Checkpoint:
    """The trained model that the files were exported from."""

    file: str
    sha256: str
    seed: int
    epoch: int
    rule: str


@dataclass(frozen=True)
class Training:
    """How a model was trained.

    ``accuracy_by_seed``: test accuracies of all runs of the recipe. ``watched_the_test_set``: test images served as
    validation data, so the accuracy is optimistic.
    """

    layers: tuple[str, ...]
    optimizer: str
    batch_size: int
    epochs: int
    validation: str
    watched_the_test_set: bool
    accuracy_by_seed: tuple[float, ...]


@dataclass(frozen=True)
class OperatingPoint:
    """A measure of confidence: the share of right digits that it keeps, and the share of drawn non-digits it rejects."""

    kept: float
    confidence: float
    rejected: float


@dataclass(frozen=True)
class OperatingCurve:
    """Points by the share kept, which rises; ``digits`` says which images they were measured on."""

    digits: str
    points: tuple[OperatingPoint, ...]

    @classmethod
    def of(cls, entry: dict[str, Any]) -> OperatingCurve:
        """Make a curve of its JSON object."""
        return cls(entry["digits"], tuple(OperatingPoint(**point) for point in entry["points"]))

    def keeping(self, share: float) -> float:
        """Return the confidence that keeps this share of the right digits; between two points it lies between theirs.

        Raises:
            UsageError: no point keeps as few, or as many.
        """
        kept = [point.kept for point in self.points]
        if not kept[0] <= share <= kept[-1]:
            raise UsageError(
                f"{share:g} of the right digits cannot be kept by a measured threshold",
                f"choose {kept[0]:g} to {kept[-1]:g}, or give a confidence by --reject-below",
            )
        after = next(point for point in self.points if point.kept >= share)
        before = self.points[max(self.points.index(after) - 1, 0)]
        if after.kept == share:
            return after.confidence
        return before.confidence + (share - before.kept) / (after.kept - before.kept) * (
            after.confidence - before.confidence
        )


@dataclass(frozen=True)
class ZooModel:
    """One model: where it comes from, how good it is, and its files; ``accuracy`` is that of this checkpoint.

    ``multiply_adds`` are those of one image: a multiplication with the addition that follows counts once.
    ``exports`` are further files that were exported and verified alike, but are not bundled. ``reject_below`` is the
    confidence below which a prediction is no digit, 0 for models that were trained without pictures of no digit.
    ``published_accuracy`` is None for models of our own. ``operating`` says which confidence keeps which share of the right
    digits; None where it was not measured.
    """

    name: str
    family: str
    parameters: int
    multiply_adds: int
    recipe: str
    reject_below: float
    published_accuracy: float | None
    accuracy: Accuracy
    training: Training
    checkpoint: Checkpoint
    files: tuple[ZooFile, ...]
    exports: tuple[ZooFile, ...]
    operating: OperatingCurve | None = None

    @property
    def is_ours(self) -> bool:
        """Whether it is a network of our own, and not a published one."""
        return self.published_accuracy is None


@dataclass(frozen=True)
class InkParity:
    """How a file of the ink network differs from the trained network on drawn pictures.

    Differences are of ink, 0 to 255; ``changed`` is the share of pixels that are ink for one of the two only.
    """

    pictures: int
    largest_difference: int
    mean_difference: float
    changed: float
    runtime: str


@dataclass(frozen=True)
class InkFile:
    """One file of the ink network."""

    file: str
    format: Format
    precision: Precision
    sha256: str
    bytes: int
    parity: InkParity


@dataclass(frozen=True)
class InkModel:
    """The ink network: where it comes from, and its files."""

    name: str
    parameters: int
    multiply_adds: int
    recipe: str
    checkpoint: Checkpoint
    files: tuple[InkFile, ...]


@dataclass(frozen=True)
class Manifest:
    """The bundled models: classifiers by name, in order, and the ink network."""

    models: Mapping[str, ZooModel]
    ink: InkModel


def read_manifest(path: Path) -> Manifest:
    """Read the list, in its order.

    Raises:
        DamagedModelError: it is missing or damaged.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] != MANIFEST_SCHEMA:
            raise ValueError(f"schema {document['schema']}, not {MANIFEST_SCHEMA}")
        models = [_model(entry) for entry in document["models"]]
        ink = _ink(document["ink"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedModelError(f"{path} is no manifest of a zoo ({error!r})", "install digit-infer again") from error
    return Manifest({model.name: model for model in models}, ink)


def manifest_text(manifest: Manifest) -> str:
    """Return the list as it is stored."""
    document = {
        "schema": MANIFEST_SCHEMA,
        "models": [_entry(model) for model in manifest.models.values()],
        "ink": asdict(manifest.ink),
    }
    return json.dumps(document, indent=1) + "\n"


def _entry(model: ZooModel) -> dict[str, Any]:
    entry = asdict(model)
    if model.operating is None:
        del entry["operating"]
    return entry


def _model(entry: dict[str, Any]) -> ZooModel:
    return ZooModel(
        **{
            **entry,
            "accuracy": Accuracy(**entry["accuracy"]),
            "training": _training(entry["training"]),
            "checkpoint": Checkpoint(**entry["checkpoint"]),
            "files": _files(entry["files"]),
            "exports": _files(entry["exports"]),
            "operating": OperatingCurve.of(entry["operating"]) if "operating" in entry else None,
        }
    )


def _ink(entry: dict[str, Any]) -> InkModel:
    files = tuple(InkFile(**{**file, "parity": InkParity(**file["parity"])}) for file in entry["files"])
    return InkModel(**{**entry, "checkpoint": Checkpoint(**entry["checkpoint"]), "files": files})


def _files(entries: list[dict[str, Any]]) -> tuple[ZooFile, ...]:
    return tuple(zoo_file_of(entry) for entry in entries)


def zoo_file_of(entry: dict[str, Any]) -> ZooFile:
    """Make a file of its JSON object."""
    return ZooFile(**{**entry, "parity": _parity(entry["parity"])})


def _training(entry: dict[str, Any]) -> Training:
    return Training(**{**entry, "layers": tuple(entry["layers"]), "accuracy_by_seed": tuple(entry["accuracy_by_seed"])})


def _parity(entry: dict[str, Any]) -> Parity:
    return Parity(**{**entry, "flips": tuple(entry["flips"]), "accuracy": Accuracy(**entry["accuracy"])})
