"""The record of a finished run: its history, and what the kept weights do on the test set.

    training/results/NAME/seed-S.json

The report, the zoo and the choice of a checkpoint read these records; nothing in them is typed by hand.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from digit_infer import dataset
from digit_infer.benchmark.statistics import Interval, wilson_interval
from digit_infer.errors import TrainingError
from digit_infer.files import write_text
from digit_infer.zoo import sha256_of
from training.recipe import Recipe
from training.run import RunFolder, State

if TYPE_CHECKING:
    import keras

SCHEMA = 1
RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Evaluation:
    """What a model does on the 10,000 test images; the loss is the mean cross-entropy without penalties."""

    correct: int
    images: int
    loss: float

    @property
    def accuracy(self) -> float:
        """The share of right answers."""
        return self.correct / self.images

    @property
    def interval(self) -> Interval:
        """Wilson's 95 % interval of the accuracy."""
        return wilson_interval(self.correct, self.images)


def evaluate(model: keras.Model) -> Evaluation:
    """Run a recipe's model over the test images."""
    from training.trainer import EVALUATION_BATCH, scaled

    test = dataset.load("test")
    probabilities = model.predict(scaled(test.images), batch_size=EVALUATION_BATCH, verbose=0)
    right = probabilities[np.arange(len(test)), test.labels].astype(np.float64)
    correct = int(np.sum(probabilities.argmax(axis=1) == test.labels))
    return Evaluation(correct, len(test), float(-np.log(np.maximum(right, 1e-7)).mean()))


def record(recipe: Recipe, state: State, folder: RunFolder, evaluation: Evaluation) -> dict[str, Any]:
    """Return the record of a finished run as it is stored."""
    return {
        "schema": SCHEMA,
        "recipe": recipe.name,
        "fingerprint": state.fingerprint,
        "seed": state.seed,
        "epochs": state.epochs,
        "full_length": state.epochs == recipe.epochs,
        "backend": state.backend,
        "environment": state.environment,
        "keeps": recipe.keeps,
        "watched_the_test_set": recipe.watched_the_test_set,
        "kept_epoch": state.best_epoch,
        "kept_sha256": sha256_of(folder.path / state.best_file),
        "test": {
            "accuracy": evaluation.accuracy,
            "correct": evaluation.correct,
            "images": evaluation.images,
            "interval_95": list(evaluation.interval),
            "loss": evaluation.loss,
        },
        "history": [asdict(epoch) for epoch in state.history],
    }


def write(document: dict[str, Any], path: Path) -> None:
    """Store a record."""
    write_text(path, json.dumps(document, indent=1) + "\n")


def stored(recipe: Recipe, results: Path = RESULTS) -> list[dict[str, Any]]:
    """Return the stored records of a recipe's full-length runs, by seed.

    Raises:
        TrainingError: a record cannot be read, or is of another version of the recipe.
    """
    records = []
    for path in (results / recipe.name).glob("seed-*.json"):
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise TrainingError(f"{path} is no JSON ({error})", "run that seed again") from error
        if document["fingerprint"] != recipe.fingerprint():
            raise TrainingError(
                f"{path} was made by another version of the recipe ({document['fingerprint']})",
                f"run it again: python -m training run {recipe.name} --seed {document['seed']} --restart",
            )
        records.append(document)
    return sorted(records, key=lambda document: int(document["seed"]))
