"""What is fuzzed: each target is an interface that takes untrusted bytes, its seeds, and its mutations.

A target may answer or raise an error of ours, in one line. Anything else is a finding: another exception, a warning, more
than ``LONGEST_S``, or the end of the process.
"""

from __future__ import annotations

import collections
import io
import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import seeds
from copies import in_a_copy
from mutations import mutated, mutated_config, mutated_json

from digit_infer.errors import DigitInferError

LONGEST_S = 30.0


@dataclass(frozen=True)
class Target:
    """A door: what makes its seeds, what mutates them, and what takes a mutant, whose path has the seed's suffix."""

    seeds: Callable[[], Mapping[str, bytes]]
    mutate: Callable[[random.Random, bytes, Sequence[bytes]], bytes]
    take: Callable[[Path], None]


def take_picture(path: Path) -> None:
    """Decode a picture from its path, page by page, and from its bytes, and look for ink."""
    from digit_infer.image import frames, seen

    with suppress(DigitInferError):
        seen(path)
        collections.deque(itertools.islice(frames(path), 20), 0)
    held = io.BytesIO(path.read_bytes())
    held.name = path.name
    seen(held)


def take_model(path: Path, runtime: str = "auto") -> None:
    """Open a model as users do, which tries it in a process of its own, and run it."""
    import numpy as np

    from digit_infer import Predictor

    with Predictor(path, runtime=runtime) as predictor:
        predictor.predict_array(np.arange(3 * 28 * 28, dtype=np.uint32).astype(np.uint8).reshape(3, 28, 28))


def take_tflite(path: Path) -> None:
    """Open a TFLite file on both of its runtimes."""
    with suppress(DigitInferError):
        take_model(path, "tflm")
    take_model(path, "tflite")


def keras_files() -> Mapping[str, bytes]:
    """Make the Keras files in a copy of this process, then import Keras here: once it was used, copies of it would hang."""
    found: Mapping[str, bytes] = in_a_copy(seeds.keras_files, 300)
    import_module("keras")
    return found


def take_keras_config(path: Path) -> None:
    """Open and run a Keras file as its trial does, but in a copy of this process, since the import alone takes seconds."""
    from digit_infer.errors import DamagedModelError, from_told
    from digit_infer.runtimes import trial

    try:
        told = in_a_copy(lambda: trial._tried("keras", path, None), LONGEST_S)
    except ChildProcessError as ended:  # as the trial tells it
        raise DamagedModelError(f"{path} ended keras by signal {ended.errno}", "export it again") from ended
    if "problem" in told:
        raise from_told(told)


def take_record(path: Path) -> None:
    """Read a record, and compare it with itself."""
    from digit_infer.benchmark.comparison.judgement import Limits
    from digit_infer.benchmark.comparison.pairing import compare
    from digit_infer.benchmark.comparison.runs import read_run

    run = read_run(path)
    compare(run, run, Limits(0.05, 0.2))


def take_state(path: Path) -> None:
    """Read the state of a training run."""
    from training.run import RunFolder

    state = RunFolder(path.parent).read()
    if state is not None and state.history:
        _ = state.best_file, state.last_file, state.finished


TARGETS: Mapping[str, Target] = {
    "pictures": Target(seeds.pictures, mutated, take_picture),
    "onnx": Target(lambda: seeds.models("onnx"), mutated, take_model),
    "tflite": Target(lambda: seeds.models("tflite"), mutated, take_tflite),
    "keras": Target(lambda: in_a_copy(seeds.keras_files, 300), mutated, take_model),
    "keras-config": Target(keras_files, mutated_config, take_keras_config),
    "records": Target(seeds.records, mutated_json, take_record),
    "state": Target(seeds.states, mutated_json, take_state),
}
