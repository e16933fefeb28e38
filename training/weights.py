"""The weights that a run begins with, those that it keeps, and the networks that teach it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import keras
import numpy as np

from digit_infer.benchmark.statistics import best_temperature
from training.data import EVALUATION_BATCH
from training.errors import TrainingError
from training.network import build, uncompiled
from training.run import RunFolder, bundled

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from training.data import Watched
    from training.recipe import Recipe
    from training.regime import Teacher

_TEACHER_SEED = 0
"""The seed of each teacher's run."""


def load(path: Path, remedy: str = "pass --restart to train this run again") -> keras.Model:
    """Load a model as a run left it.

    Raises:
        TrainingError: the file is missing or damaged; ``remedy`` says what to do about it.
    """
    try:
        return keras.saving.load_model(path)
    except (OSError, ValueError, TypeError, KeyError, BadZipFile) as error:
        raise TrainingError(f"{path} cannot be loaded ({error})", remedy) from error


def begun(recipe: Recipe) -> keras.Model:
    """Return the network before its first epoch, with the weights of the checkpoint that the recipe starts from."""
    model = build(recipe)
    if recipe.starts_from:
        model.set_weights(_start(recipe).get_weights())
    return model


def _start(recipe: Recipe) -> keras.Model:
    start = bundled(recipe.starts_from)
    remedy = f"git checkout -- {start}"
    if not start.exists():
        raise TrainingError(f"{recipe.name} starts from {start}, which does not exist", remedy)
    return load(start, remedy)


def kept(model: keras.Model, recipe: Recipe) -> keras.Model:
    """Return a copy of the network as a run keeps it: without its optimizer, in float32, at the recipe's temperature."""
    copy = uncompiled(replace(recipe, precision="float32"))
    copy.set_weights(model.get_weights())
    divide_logits(copy, recipe.temperature)
    return copy


def finish(network: keras.Model, recipe: Recipe, validation: Watched) -> None:
    """Calibrate what a run keeps, and average it with its start, if the recipe says so.

    Both are calibrated by then, so that neither outweighs the other in the last layer.
    """
    if recipe.calibrated:
        divide_logits(network, _best_temperature(network, validation))
    if recipe.averaged_with_start:
        pairs = zip(network.get_weights(), _start(recipe).get_weights(), strict=True)
        network.set_weights([(learned + before) / 2 for learned, before in pairs])
        if recipe.calibrated:
            divide_logits(network, _best_temperature(network, validation))


def divide_logits(network: keras.Model, temperature: float) -> None:
    """Divide a network's logits by ``temperature``, in its weights."""
    if temperature != 1:
        last = network.layers[-1]
        last.set_weights([weights / np.float32(temperature) for weights in last.get_weights()])


def _best_temperature(model: keras.Model, validation: Watched) -> float:
    images, labels = validation
    return best_temperature(model.predict(images, batch_size=EVALUATION_BATCH, verbose=0), labels)


def teacher_of(recipe: Recipe, runs: Path) -> Teacher | None:
    """Return what answers as the teachers of a recipe do on average, or None where it has none.

    Raises:
        TrainingError: a teacher is neither bundled nor has a finished run in ``runs``, or its file is damaged.
    """
    teachers = recipe.regime.teachers if recipe.regime is not None else ()
    return taught_by([_kept_by(name, runs) for name in teachers]) if teachers else None


def _kept_by(name: str, runs: Path) -> Path:
    checkpoint = bundled(name)
    if checkpoint.exists():
        return checkpoint
    folder = RunFolder(runs / name / f"seed-{_TEACHER_SEED}")
    state = folder.read()
    if state is None or not state.finished:
        raise TrainingError(
            f"{name} has no finished run with seed {_TEACHER_SEED} in {runs}", f"python -m training search {name}"
        )
    return folder.path / state.best_file


def taught_by(paths: Sequence[Path]) -> Teacher:
    """Return what answers as networks in files do on average: images float32 [N, 28, 28, 1] -> probabilities [N, 10]."""
    networks = [load(path, f"restore {path}, or train that network again") for path in paths]

    def answer(images: NDArray[np.float32]) -> NDArray[np.float32]:
        every = [network.predict(images, batch_size=EVALUATION_BATCH, verbose=0) for network in networks]
        mean: NDArray[np.float32] = np.mean(every, axis=0, dtype=np.float32)
        return mean

    return answer
