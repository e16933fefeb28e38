"""The shares of right digits that a network keeps, and of pictures without a digit that it rejects, by confidence.

    training/results/operating_points/NAME.json

Measured on the bundled checkpoint with its validation images, which count unchanged and distorted, as other people might
have written them.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from digit_infer.files import write_text
from digit_infer.runtimes.model_file import sha256_of
from digit_infer.zoo.manifest import OperatingCurve, OperatingPoint
from training import checkpoint
from training.errors import TrainingError
from training.results import RESULTS

if TYPE_CHECKING:
    from pathlib import Path

    import keras
    from numpy.typing import NDArray

    from training.recipe import Recipe

    Images = NDArray[np.float32]

FOLDER = RESULTS / "operating_points"
SCHEMA = 1
KEPT = (0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995)
"""Shares of the right digits that points keep."""

_SEED = 20_261_131
_NEAR_DRAWS = 4
_NON_DIGITS = 4_000


def measure(name: str) -> OperatingCurve:
    """Measure the bundled checkpoint of our own network, and record the curve.

    Raises:
        UsageError: there is no such network.
        TrainingError: it has no recorded run, or there is no checkpoint of it.
    """
    from digit_infer.runtimes.keras import load_network

    recipe, path = checkpoint.shipped(name).recipe, checkpoint.path_of(name)
    if not path.exists():
        raise TrainingError(f"{path} does not exist", checkpoint.how_to_make(name))
    curve = curve_of(load_network(path), recipe)
    document = {"schema": SCHEMA, "model": name, "sha256": sha256_of(path), "curve": asdict(curve)}
    write_text(path_of(name), json.dumps(document, indent=1) + "\n")
    return curve


def curve_of(network: keras.Model, recipe: Recipe) -> OperatingCurve:
    """Measure a network on the images that its recipe holds back."""
    # these import Keras, which takes seconds and is not needed to read a record
    from training.data import EVALUATION_BATCH, as_bytes, scaled, training_data
    from training.distortion import distorted
    from training.non_digits import WIDE, non_digits
    from training.search import NEAR

    images, labels = training_data(recipe)[1]
    draw = np.random.default_rng(_SEED)
    every = [images, *(distorted(images[..., 0], NEAR, draw)[..., None] for _ in range(_NEAR_DRAWS))]
    drawn = non_digits(_NON_DIGITS, as_bytes(images), labels, draw, WIDE)

    def answers(seen: Images) -> NDArray[np.float32]:
        found: NDArray[np.float32] = network.predict(seen, batch_size=EVALUATION_BATCH, verbose=0)
        return found

    return OperatingCurve(
        digits=recipe.validation,
        points=points(
            np.concatenate([answers(seen) for seen in every]), np.tile(labels, len(every)), answers(scaled(drawn))
        ),
    )


def points(
    digits: NDArray[np.float32], labels: NDArray[np.uint8], others: NDArray[np.float32]
) -> tuple[OperatingPoint, ...]:
    """Return the points for answers float32 [N, 10] to digits with their labels, and [M, 10] to pictures without one."""
    sure = digits.max(axis=1)[digits.argmax(axis=1) == labels]
    limits = [float(np.floor(np.quantile(sure, 1 - kept) * 10_000) / 10_000) for kept in KEPT]
    unsure = others.max(axis=1)
    return tuple(
        OperatingPoint(kept, limit, round(float((unsure < limit).mean()), 4))
        for kept, limit in zip(KEPT, limits, strict=True)
    )


def path_of(name: str) -> Path:
    """Return the path of a network's record."""
    return FOLDER / f"{name}.json"


def recorded(name: str) -> OperatingCurve | None:
    """Return the recorded curve of a network's bundled checkpoint, or None without a record.

    Raises:
        TrainingError: the record is damaged, or of another checkpoint.
    """
    path, again = path_of(name), f"python -m training operating-points {name}"
    if not path.exists():
        return None
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        curve = OperatingCurve.of(document["curve"])
        sha256 = document["sha256"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise TrainingError(f"{path} is damaged ({error!r})", again) from error
    if sha256 != sha256_of(checkpoint.path_of(name)):
        raise TrainingError(f"{path} was measured on another checkpoint of {name}", again)
    return curve
