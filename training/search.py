"""The search for networks of our own: candidates are evaluated on the training images that they hold out.

    training/results/search/NAME.json

Networks of ``NEXT``, and seeds other than 0, are recorded as ``held_out.json`` beside their run, and the record of the name
stays as it is.

A candidate is evaluated on these images unchanged, four times slightly distorted as by other writers (``NEAR``), and
strongly distorted as by pens and cameras (``HARD``), where there are more mistakes to count. The test set is not used.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from digit_infer.benchmark.record import rebuilt
from digit_infer.benchmark.statistics import (
    best_temperature,
    cross_entropy,
    expected_calibration_error,
    reliability,
    tempered,
)
from digit_infer.files import write_text
from training.data import training_data
from training.distortion import distorted
from training.errors import TrainingError
from training.recipe import Distortion, Recipe
from training.recipes.own import NEXT
from training.regime import drawn_non_digits
from training.results import RESULTS
from training.run import RunFolder
from training.trainer import train
from training.weights import load

if TYPE_CHECKING:
    import keras

    from training.trainer import Observer

SCHEMA = 1
FOLDER = RESULTS / "search"
HARD = Distortion(rotation_degrees=20, shift_pixels=2.5, zoom=0.2, shear=0.3, elastic_pixels=1.2, damage=0.7)
NEAR = Distortion(rotation_degrees=8, shift_pixels=1, zoom=0.08, shear=0.12, elastic_pixels=0.6, damage=0)
"""A small distortion, as by another writer: it multiplies the held-out images."""

_NEAR_DRAWS = 4
SEED = 0
_DRAW_SEED = 20_261_122
_NON_DIGITS = 4_000
KEPT = (0.95, 0.98, 0.99, 0.995)
"""Shares of digits whose least confidence is recorded."""

TRIED = (
    *("s3_e12", "v_e12", "p_e12", "n6_e14", "np_e14", "n2_e14", "q_e12", "q_e12_taught", "npb_e14"),
    *("npb_e14_taught", "q_e12_nodamage", "q_e12_strong", "nq_e14", "digitnet_rehearsal"),
    *("digitnet_nano_rehearsal", "nano_slight", "nano_taught", "nano_fast", "q_fast", "q_two", "q_digits"),
    *("q_decay", "q_sgd", "q_wide", "digitnet_calm", "nano_calm", "nano_digits", "q_broad", "nano_even", "large"),
    *("digitnet_pupil", "nano_valid", "digitnet_mild", "nano_brisk", "digitnet_strong", "nano_thrice", "nano_step"),
    *("nano_wide", "digitnet_broad", "digitnet_wide", "digitnet_long", "digitnet_nano_wide", "digitnet_signs"),
)
"""The candidates with a record, in the order in which they were tried."""


def stored(name: str) -> tuple[Recipe, dict[str, Any]]:
    """Return a candidate's recipe from its record, and the record.

    Raises:
        TrainingError: there is no record, or it is damaged.
    """
    path = FOLDER / f"{name}.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        recipe = rebuilt(Recipe, record["declared"])
        if record["fingerprint"] != recipe.fingerprint():
            raise ValueError("its fingerprint is not that of what it declares")
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise TrainingError(
            f"{path} is no record of a candidate ({error!r})", f"restore it: git checkout -- {path}"
        ) from error
    return recipe, record


def search(recipe: Recipe, runs: Path, observer: Observer, seed: int = SEED) -> tuple[dict[str, Any], Path]:
    """Train a candidate, or continue; return the record of its results on the held-out images, and where it is written.

    Raises:
        TrainingError: a teacher has no finished run, or the checkpoint that the candidate starts from is missing or
            damaged.
    """
    folder = RunFolder.of(runs, recipe, seed)
    state = train(recipe, seed, folder, observer)
    document = {
        "schema": SCHEMA,
        "recipe": recipe.name,
        "fingerprint": recipe.fingerprint(),
        "seed": seed,
        "parameters": recipe.parameters,
        "declared": asdict(recipe),
        "environment": state.environment,
        "held_out": judged(load(folder.path / state.best_file), recipe),
        "history": [asdict(epoch) for epoch in state.history],
    }
    of_the_name = seed == SEED and NEXT.get(recipe.name) != recipe
    path = FOLDER / f"{recipe.name}.json" if of_the_name else folder.path / "held_out.json"
    write_text(path, json.dumps(document, indent=1) + "\n")
    return document, path


def judged(model: keras.Model, recipe: Recipe) -> dict[str, Any]:
    """Return a network's results on the held-out images: accuracy and mean cross-entropy, plain, near and changed.

    ``temperature`` is the best one for the plain images. ``calibration`` is the expected calibration error before and at
    that temperature. At it, ``confidence_kept`` is the threshold that keeps a share of the digits, and ``rejected`` the
    share of pictures without a digit below it.
    """
    _, (images, labels) = training_data(recipe)
    draw = np.random.default_rng(_DRAW_SEED)
    changed = distorted(images[..., 0], HARD, draw)[..., None]
    strange = drawn_non_digits(_NON_DIGITS, images, labels, draw)
    plain, bent, none = (model.predict(seen, batch_size=1_000, verbose=0) for seen in (images, changed, strange))
    temperature = best_temperature(plain, labels)
    near = [distorted(images[..., 0], NEAR, draw)[..., None] for _ in range(_NEAR_DRAWS)]
    near_right = [model.predict(seen, batch_size=1_000, verbose=0).argmax(axis=1) == labels for seen in near]
    found: dict[str, Any] = {
        "near_accuracy": float(np.mean(near_right)),
        "plain_accuracy": float((plain.argmax(axis=1) == labels).mean()),
        "plain_loss": cross_entropy(plain, labels),
        "changed_accuracy": float((bent.argmax(axis=1) == labels).mean()),
        "changed_loss": cross_entropy(bent, labels),
        "temperature": temperature,
    }
    for name, answers in (("plain", plain), ("changed", bent)):
        warm = tempered(answers, temperature)
        found[f"{name}_calibration"] = [expected_calibration_error(reliability(each, labels)) for each in (answers, warm)]
        limits = {str(share): float(np.quantile(warm.max(axis=1), 1 - share)) for share in KEPT}
        unsure = tempered(none, temperature).max(axis=1)
        found[f"{name}_confidence_kept"] = limits
        found[f"{name}_rejected"] = {share: float((unsure < limit).mean()) for share, limit in limits.items()}
    return found
