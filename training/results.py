"""The record of a finished run: its history, and the results of the kept weights on the test set.

    training/results/NAME/seed-S.json

The report, the zoo and the selection of checkpoints read these records.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from digit_infer import dataset
from digit_infer.benchmark.statistics import Interval, wilson_interval
from digit_infer.files import write_text
from digit_infer.runtimes.model_file import sha256_of
from training.errors import TrainingError
from training.recipe import Recipe
from training.run import RunFolder, State

if TYPE_CHECKING:
    import keras

    from training.ink.evaluation import InkEvaluation

SCHEMA = 2
RESULTS = Path(__file__).parent / "results"
_SUREST = 16
_NAMED = {"accuracy", "correct", "images", "interval_95", "loss", "answers", "surest_mistakes", "first_image"}


@dataclass(frozen=True)
class Evaluation:
    """Results of a model on the 10,000 test images; the loss is the mean cross-entropy without penalties.

    ``answers`` has the digit for each image, as one string. ``surest_mistakes`` are the wrong answers with the
    largest probabilities: (index of the image, probability). ``first_image`` has the probabilities of test image 0, a 7.
    """

    correct: int
    images: int
    loss: float
    answers: str
    surest_mistakes: tuple[tuple[int, float], ...]
    first_image: tuple[float, ...]

    @property
    def accuracy(self) -> float:
        """The share of right answers."""
        return self.correct / self.images

    def document(self) -> dict[str, Any]:
        """Return the entry of the record."""
        return {
            "accuracy": self.accuracy,
            "correct": self.correct,
            "images": self.images,
            "interval_95": list(self.interval),
            "loss": self.loss,
            "answers": self.answers,
            "surest_mistakes": [list(mistake) for mistake in self.surest_mistakes],
            "first_image": list(self.first_image),
        }

    def __str__(self) -> str:
        low, high = self.interval
        return f"test accuracy {self.accuracy:.4f} ({low:.4f} to {high:.4f})"

    @property
    def interval(self) -> Interval:
        """Wilson's 95 % interval of the accuracy."""
        return wilson_interval(self.correct, self.images)


def evaluate(model: keras.Model) -> Evaluation:
    """Run a recipe's model over the test images."""
    from training.data import EVALUATION_BATCH, scaled

    test = dataset.load("test")
    probabilities = model.predict(scaled(test.images), batch_size=EVALUATION_BATCH, verbose=0)
    every = np.arange(len(test))
    right = probabilities[every, test.labels].astype(np.float64)
    answers = probabilities.argmax(axis=1)
    confidence = probabilities[every, answers]
    wrong = np.flatnonzero(answers != test.labels)
    surest = wrong[np.argsort(-confidence[wrong], kind="stable")][:_SUREST]
    return Evaluation(
        correct=len(test) - len(wrong),
        images=len(test),
        loss=float(-np.log(np.maximum(right, 1e-7)).mean()),
        answers="".join(str(digit) for digit in answers),
        surest_mistakes=tuple((int(index), round(float(confidence[index]), 6)) for index in surest),
        first_image=tuple(round(float(probability), 6) for probability in probabilities[0]),
    )


def record(recipe: Recipe, state: State, folder: RunFolder, evaluation: Evaluation | InkEvaluation) -> dict[str, Any]:
    """Return the record of a finished run."""
    return {
        "schema": SCHEMA,
        "recipe": recipe.name,
        "fingerprint": state.fingerprint,
        "seed": state.seed,
        "epochs": state.epochs,
        "full_length": len(state.history) == recipe.epochs,
        "backend": state.backend,
        "environment": state.environment,
        "keeps": recipe.keeps,
        "watched_the_test_set": recipe.watched_the_test_set,
        "kept_epoch": state.best_epoch,
        "kept_sha256": sha256_of(folder.path / state.best_file),
        "test" if recipe.drawn is None else "held_out": evaluation.document(),
        "history": [asdict(epoch) for epoch in state.history],
    }


def write(document: dict[str, Any], path: Path) -> None:
    """Store a record; an epoch or a mistake takes one line, so that a change of it is one line."""
    lines = [f" {json.dumps(key)}: {_lines(value)}" for key, value in document.items()]
    write_text(path, "{\n" + ",\n".join(lines) + "\n}\n")


def _lines(value: Any) -> str:
    if isinstance(value, list):
        return "[\n" + ",\n".join(f"  {json.dumps(entry)}" for entry in value) + "\n ]"
    if isinstance(value, dict):
        return "{\n" + ",\n".join(f"  {json.dumps(key)}: {json.dumps(entry)}" for key, entry in value.items()) + "\n }"
    return json.dumps(value)


def stored(recipe: Recipe, folder: Path | None = None) -> list[dict[str, Any]]:
    """Return the records of a recipe's full-length runs, by seed, from ``RESULTS`` or another folder.

    Raises:
        TrainingError: a record cannot be read, or is of another version of the recipe.
    """
    records = []
    for path in ((folder or RESULTS) / recipe.name).glob("seed-*.json"):
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            schema, fingerprint, seed = document["schema"], document["fingerprint"], int(document["seed"])
        except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise TrainingError(f"{path} is no record ({error!r})", f"python -m training record {recipe.name}") from error
        if schema != SCHEMA:
            raise TrainingError(f"{path} has schema {schema}, not {SCHEMA}", f"python -m training record {recipe.name}")
        if fingerprint != recipe.fingerprint():
            raise TrainingError(
                f"{path} was made by another version of the recipe ({fingerprint})",
                f"run it again: python -m training run {recipe.name} --seed {seed} --restart",
            )
        _check_parts(document, recipe, path)
        records.append(document)
    return sorted(records, key=lambda document: int(document["seed"]))


def _check_parts(document: dict[str, Any], recipe: Recipe, path: Path) -> None:
    """Check that a record has the fields that reports read.

    Raises:
        TrainingError: a field is missing.
    """
    held = document.get("test" if recipe.drawn is None else "held_out")
    named = _NAMED if recipe.drawn is None else set()
    if not isinstance(held, dict) or named.difference(held) or not isinstance(document.get("history"), list):
        raise TrainingError(f"{path} is no whole record of a run", f"python -m training record {recipe.name}")
