"""The one checkpoint a recipe ships: its run with seed 0, whatever the other seeds gave.

A rule that looks at no result cannot be optimistic, and it stays true however many seeds are added later. Most
recipes validate on the test set, so a rule by validation loss would choose on test images.

    training/checkpoints/NAME.keras      float32, without optimiser state
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from digit_infer.errors import TrainingError
from digit_infer.files import write_bytes
from training import results
from training.recipe import Recipe
from training.run import RunFolder

CHECKPOINTS = Path(__file__).parent / "checkpoints"


SEED = 0
RULE = "the run with seed 0, whatever other seeds gave"


def recorded(recipe: Recipe) -> dict[str, Any]:
    """Return the record of the run that ships.

    Raises:
        TrainingError: it is not recorded.
    """
    for record in results.stored(recipe):
        if record["seed"] == SEED:
            return record
    raise TrainingError(f"{recipe.name} has no recorded run with seed {SEED}", f"python -m training run {recipe.name}")


def select(recipe: Recipe, runs: Path) -> tuple[Path, dict[str, Any]]:
    """Copy the weights that ship to where exports start from; return that path and the record.

    Raises:
        TrainingError: no run is recorded, or the run folder no longer holds the weights that the record names.
    """
    record = recorded(recipe)
    folder = RunFolder.of(runs, recipe, SEED)
    state = folder.read()
    again = f"python -m training run {recipe.name} --seed {SEED} --restart"
    if state is None or state.best_epoch is None:
        raise TrainingError(f"{folder.path} holds no run", f"pass --runs the folder of that run, or {again}")
    kept = folder.path / state.best_file
    if not kept.exists():
        raise TrainingError(f"{kept} does not exist", again)
    content = kept.read_bytes()
    if hashlib.sha256(content).hexdigest() != record["kept_sha256"]:
        raise TrainingError(f"{kept} is not the file that was recorded", again)
    path = CHECKPOINTS / f"{recipe.name}.keras"
    write_bytes(path, content)
    return path, record
