"""Resolves a model, a runtime and a precision to a file and a session.

Only what the caller left open (``runtime="auto"``, no precision) is chosen here; the predictor reports the choice.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from digit_infer import zoo
from digit_infer.contract import CLASSES, PRECISIONS, SIDE, Precision, check_probabilities
from digit_infer.errors import (
    ContractError,
    InferenceError,
    MissingModelFileError,
    RuntimeUnavailableError,
    UnknownModelError,
    UsageError,
)
from digit_infer.parallel import Background
from digit_infer.runtimes import RUNTIMES, runtime_named
from digit_infer.runtimes.model_file import ModelFile, format_of_own, own_file, verify
from digit_infer.runtimes.protocol import Runtime, RuntimeName, Session
from digit_infer.zoo.manifest import ZooFile, ZooModel

AUTO_ORDER: tuple[RuntimeName, ...] = ("onnx-cpu", "tflite", "onnx-gpu", "keras")
"""What ``auto`` tries: the first that has a file of the wanted precision, or else of the most exact one, and works.

Precision comes before speed, and the zoo has float32 as ONNX and int8 as TFLite, so the two fast runtimes on the CPU never
compete for a file. ``keras`` also reads float32; with the same number of threads it is slower than ``onnx-cpu`` at batches
of 1, 32 and 1,024 (``bench/results/auto.json``). Between ``onnx-cpu`` and ``onnx-gpu`` the batch would decide. No GPU has
been measured yet, so the order is that for one picture, where the call of a GPU costs more than the work."""

MAX_THREADS = 256
"""More than 28 x 28 pixels can use; tens of thousands would exhaust the machine."""


@dataclass(frozen=True)
class Chosen:
    """The result of resolving, opened: ``file`` is None on a runtime that reads none."""

    model: str
    runtime: RuntimeName
    file: ModelFile | None
    session: Session


@dataclass(frozen=True)
class Plan:
    """A model's file and an available runtime."""

    model: str
    runtime: Runtime
    file: ModelFile | None
    threads: int | None

    def open(self) -> Chosen:
        """Verify the file and load it at the same time: hashing and loading release Python's global lock.

        If both fail, the error of the verification is raised, since it is the cause.

        Raises:
            ModelError: the file is missing, damaged or breaks the contract.
            RuntimeUnavailableError: the runtime refuses after all.
        """
        checking = Background(lambda: verify(self.file))
        try:
            session = self.runtime.open(self.file, self.threads)
        finally:
            checking.result()
        if self.file is not None and self.file.sha256 is None:
            _verify_own(session, self.file)
        return Chosen(self.model, self.runtime.name, self.file, session)


def plan(
    model: str | Path, runtime: RuntimeName | Literal["auto"], precision: Precision | None, threads: int | None
) -> Plan:
    """Find the file and the runtime, and import the runtime's library.

    Raises:
        UnknownModelError, UnknownRuntimeError: there is no model or runtime of that name.
        UsageError: an argument is out of range, or arguments contradict one another.
        RuntimeUnavailableError: the runtime does not work here, or with ``auto`` none does.
    """
    if precision is not None and precision not in PRECISIONS:
        raise UsageError(f"there is no precision {precision!r}", f"choose from {', '.join(PRECISIONS)}")
    if not isinstance(model, str | Path):
        raise UsageError(f"model is a {type(model).__name__}", "pass a name of the zoo, or a path")
    if threads is not None and not (isinstance(threads, int) and 1 <= threads <= MAX_THREADS):
        raise UsageError(f"threads is {threads!r}", f"it must be 1 to {MAX_THREADS}, or None")
    if runtime == "auto":
        return _automatic(model, precision, threads)
    named = runtime_named(runtime)
    state = named.availability()
    file = None
    try:
        file = find_file(model, named, precision)
    except MissingModelFileError:
        if state.available:  # else the runtime is what is missing first
            raise
    if state.reason is not None:
        raise RuntimeUnavailableError(f"the runtime {named.name} is not available", state.reason)
    return Plan(str(model), named, file, threads)


def _verify_own(session: Session, file: ModelFile) -> None:
    """Run an unverified file on two images: its signature shows neither logits nor a batch that is fixed inside.

    Raises:
        ContractError: its outputs are no probabilities, or it cannot take two images at once.
    """
    ramp = np.arange(SIDE * SIDE).reshape(SIDE, SIDE) * 255 // (SIDE * SIDE - 1)
    try:
        answers = session.answers(np.stack([ramp, ramp.T]).astype(np.uint8))
    except InferenceError as error:
        raise ContractError(f"{file.path} does not take two images at once: {error.problem}", "export it again") from error
    if answers.shape != (2, CLASSES):
        raise ContractError(f"{file.path} gives {answers.shape} for two images, not (2, 10)", "export it again")
    check_probabilities(str(file.path), answers)


def find_file(model: str | Path, runtime: Runtime, precision: Precision | None) -> ModelFile | None:
    """Return the file of a model that a runtime would run, or None where the runtime reads none.

    Raises:
        UnknownModelError: the zoo has no such model, or not in this format and precision.
        MissingModelFileError: the file does not exist.
        UsageError: the runtime does not read this format, or does not run this precision.
    """
    if zoo.is_path(model):
        return _own_file(Path(model), runtime, precision)
    entry = zoo.model_named(str(model))
    if runtime.format is None:
        return None
    if precision not in (None, *runtime.precisions):
        alone = " and ".join(runtime.precisions)
        raise UsageError(f"{runtime.name} runs only {alone}, not {precision}", "leave the precision out")
    if runtime.format == "keras":
        return zoo.checkpoint_file(entry)
    files = files_for(entry, runtime, precision)
    if not files:
        offered = ", ".join(f"{file.precision} as {file.format}" for file in entry.files)
        wanted = f"{precision} " if precision else ""
        raise UnknownModelError(
            f"the zoo has no {wanted}{runtime.format} file of {model}, which {runtime.name} would read",
            f"choose from {offered}, or make one: python -m export {model}",
        )
    return zoo.zoo_file(entry, files[0])


def files_for(model: ZooModel, runtime: Runtime, precision: Precision | None) -> list[ZooFile]:
    """Return the files of a zoo model that a runtime runs, the most exact first; with a precision, only those."""
    if runtime.format is None:
        return []
    files = zoo.files_of(model, runtime.format, precision)
    return [file for file in files if file.precision in runtime.precisions]


def _own_file(path: Path, runtime: Runtime, precision: Precision | None) -> ModelFile | None:
    if precision is not None:
        raise UsageError(f"{path} is one file of one precision", "leave the precision out, or name a model of the zoo")
    if runtime.format is None:
        return None
    file = own_file(path)
    if file.format != runtime.format:
        reader = next(known.name for known in RUNTIMES.values() if known.format == file.format)
        raise UsageError(f"{runtime.name} reads .{runtime.format} files, not {path.name}", f"choose the runtime {reader}")
    return file


def _automatic(model: str | Path, precision: Precision | None, threads: int | None) -> Plan:
    """Take the first runtime of ``AUTO_ORDER`` that has a file of the model to read and is available."""
    reasons: list[str] = []
    for name in AUTO_ORDER:
        runtime = RUNTIMES[name]
        if not _reads(runtime, model, precision):
            continue
        state = runtime.availability()
        if state.available:
            return Plan(str(model), runtime, find_file(model, runtime, precision), threads)
        reasons.append(f"{name}: {state.reason}")
    if not reasons:
        raise UnknownModelError(f"the zoo has no {precision} file of {model}", "leave the precision out")
    raise RuntimeUnavailableError(f"no runtime for {model} works here", "; ".join(reasons))


def _reads(runtime: Runtime, model: str | Path, precision: Precision | None) -> bool:
    """Tell whether a runtime has a file to read, before its availability is checked."""
    if zoo.is_path(model):
        return format_of_own(Path(model)) == runtime.format
    return bool(files_for(zoo.model_named(str(model)), runtime, precision))
