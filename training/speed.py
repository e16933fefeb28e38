"""The speed of training: seconds per epoch of some networks under some settings.

    training/results/speed.json

Each setting runs in its own process, ``python -m training.speed RECIPE SETTING``, which prints its seconds.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from digit_infer.files import write_text
from training import results
from training.errors import TrainingError
from training.recipes import recipe_named

SCHEMA = 1
STORED = results.RESULTS / "speed.json"
_EPOCHS = 3


@dataclass(frozen=True)
class Setting:
    """One way to run an epoch; ``cpus`` None means all, ``same_result`` that the weights are those of plain ``fit``."""

    name: str
    steps_per_call: int
    xla: bool
    batch_factor: int
    cpus: int | None
    same_result: bool


BEFORE = Setting("plain `fit`: one batch a call, all CPUs", 1, False, 1, None, True)
AFTER = Setting("20 batches a call", 20, False, 1, None, True)
ONE_CPU = Setting("20 batches a call, one CPU", 20, False, 1, 1, False)
SETTINGS = (
    BEFORE,
    AFTER,
    ONE_CPU,
    Setting("20 batches a call, XLA", 20, True, 1, None, False),
    Setting("20 batches a call, batches four times as large", 20, False, 4, None, False),
)
RECIPES = ("mlp_64_64_sgd", "mlp_512", "cnn_arch2", "shallow_cnn_aug")


@dataclass(frozen=True)
class Seconds:
    """Medians over epochs: of the whole epoch, and of preparing its images."""

    recipe: str
    setting: str
    epoch: float
    input: float
    epochs: int = _EPOCHS


def measure_all(announce: Callable[[str], None]) -> list[Seconds]:
    """Measure every network under every setting, one after the other.

    Raises:
        TrainingError: a measurement fails.
    """
    measured = []
    for name in RECIPES:
        for number, setting in enumerate(SETTINGS):
            announce(f"{name}: {setting.name}")
            done = subprocess.run(  # noqa: S603  # our own command line
                [sys.executable, "-m", "training.speed", name, str(number)],
                check=False,
                capture_output=True,
                text=True,
            )
            if done.returncode:
                raise TrainingError(f"{name} under {setting.name!r} fails ({done.stderr.strip()[-200:]})", "see the cause")
            epoch, before = done.stdout.split()
            measured.append(Seconds(name, setting.name, float(epoch), float(before)))
    return measured


def measure(name: str, setting: Setting) -> tuple[float, float]:
    """Train a few epochs in this process; return the medians of whole epochs and of their input, in seconds.

    A first call on fewer images compiles and is not counted.
    """
    if setting.cpus is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: setting.cpus])
    from training.data import epoch_data, training_data
    from training.network import build

    recipe = recipe_named(name)
    model = build(recipe)
    model.jit_compile = setting.xla
    model.steps_per_execution = setting.steps_per_call
    (images, labels), _ = training_data(recipe)
    batch = recipe.batch_size * setting.batch_factor
    warm = 2 * setting.steps_per_call * batch + len(labels) % batch  # with a last batch of the size that an epoch has
    model.fit(images[:warm], labels[:warm], batch_size=batch, epochs=1, shuffle=False, verbose=0)
    totals, inputs = [], []
    for epoch in range(_EPOCHS):
        start = time.perf_counter()
        drawn, drawn_labels = epoch_data(recipe, (images, labels), 0, epoch)
        inputs.append(time.perf_counter() - start)
        model.fit(drawn, drawn_labels, batch_size=batch, epochs=1, shuffle=False, verbose=0)
        totals.append(time.perf_counter() - start)
    return statistics.median(totals), statistics.median(inputs)


def store(measured: list[Seconds]) -> None:
    """Write the record, with its environment."""
    from training.trainer import environment

    document = {"schema": SCHEMA, "environment": environment(), "seconds": [asdict(entry) for entry in measured]}
    write_text(STORED, json.dumps(document, indent=1) + "\n")


def stored() -> tuple[dict[str, str], list[Seconds]]:
    """Return the environment and the measurements of the record.

    Raises:
        TrainingError: it is missing, damaged or outdated.
    """
    try:
        document = json.loads(STORED.read_text(encoding="utf-8"))
        environment, found = dict(document["environment"]), [Seconds(**entry) for entry in document["seconds"]]
        if document["schema"] != SCHEMA or {entry.setting for entry in found} != {setting.name for setting in SETTINGS}:
            raise ValueError("it is of another version")
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise TrainingError(f"{STORED} cannot be read ({error!r})", "python -m training speed") from error
    return environment, found


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.stdout.write("{} {}\n".format(*measure(sys.argv[1], SETTINGS[int(sys.argv[2])])))
