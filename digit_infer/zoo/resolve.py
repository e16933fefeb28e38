"""Chooses what runs: a model, a runtime and a precision in, a plan out, which opens. Nothing is ever replaced in silence.

Only what the caller left open (``runtime="auto"``, no precision) is chosen here, and the predictor says what it became.
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
"""What ``auto`` tries: the first that has a file of the wanted precision, or of the most exact, and works here.

Precision is settled before speed, and the zoo holds float32 as ONNX and int8 as TFLite, so the two fast runtimes on the CPU
never compete for a file, at any batch. ``keras`` reads float32, too, and with as many threads answers fewer images a second
than ``onnx-cpu`` at 1, 32 and 1,024 (``bench/results/auto.json``); with all threads against one it is ahead at 1,024 of a
convolutional network, for which ``threads`` is the better answer. Between ``onnx-cpu`` and ``onnx-gpu`` the batch would
decide; until ``bench/results`` holds a GPU, the rule is that of one picture, for which the call of a GPU costs more than
the work."""

MAX_THREADS = 256
"""More than any machine needs for 28 x 28 pixels; starting tens of thousands takes a machine down."""


@dataclass(frozen=True)
class Chosen:
    """What runs, and the session that runs it; ``file`` is None on a runtime that reads none."""

    model: str
    runtime: RuntimeName
    file: ModelFile | None
    session: Session


@dataclass(frozen=True)
class Plan:
    """A model's file and a runtime that works here."""

    model: str
    runtime: Runtime
    file: ModelFile | None
    threads: int | None

    def open(self) -> Chosen:
        """Check the file and load it, both at once: neither hashing nor loading holds Python's lock.

        Where both fail, the check is what is raised, since it says why.

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
            _prove_own(session, self.file)
        return Chosen(self.model, self.runtime.name, self.file, session)


def plan(
    model: str | Path, runtime: RuntimeName | Literal["auto"], precision: Precision | None, threads: int | None
) -> Plan:
    """Settle what will run, and import the library that runs it.

    Raises:
        UnknownModelError, UnknownRuntimeError, UsageError: the arguments name nothing that exists, or contradict.
        RuntimeUnavailableError: the runtime does not work here, or with ``auto`` none does.
    """
    if precision is not None and precision not in PRECISIONS:
        raise UsageError(f"there is no precision {precision!r}", f"choose from {', '.join(PRECISIONS)}")
    if not isinstance(model, str | Path):
        raise UsageError(f"a {type(model).__name__} names no model", "pass a name of the zoo, or a path")
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
        if state.available:  # of two lacks, the runtime's is told first
            raise
    if state.reason is not None:
        raise RuntimeUnavailableError(f"the runtime {named.name} is not available", state.reason)
    return Plan(str(model), named, file, threads)


def _prove_own(session: Session, file: ModelFile) -> None:
    """Ask a file that nobody has proven two pictures: its signature tells neither logits nor a batch that is fixed inside.

    Raises:
        ContractError: its answers are no probabilities, or it cannot answer two pictures at once.
    """
    ramp = np.arange(SIDE * SIDE).reshape(SIDE, SIDE) * 255 // (SIDE * SIDE - 1)
    try:
        answers = session.answers(np.stack([ramp, ramp.T]).astype(np.uint8))
    except InferenceError as error:
        raise ContractError(
            f"{file.path} does not answer two pictures at once: {error.problem}", "export it again"
        ) from error
    if answers.shape != (2, CLASSES):
        raise ContractError(f"{file.path} answers two pictures by {answers.shape}, not (2, 10)", "export it again")
    check_probabilities(str(file.path), answers)


def find_file(model: str | Path, runtime: Runtime, precision: Precision | None) -> ModelFile | None:
    """Return the file of a model that a runtime would run, or None where the runtime reads none.

    Raises:
        UnknownModelError: the zoo has no such model, or none in this format and precision.
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
        raise UsageError(f"{runtime.name} runs {alone} alone, not {precision}", "leave the precision out")
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
    """Say whether a runtime has a file to read, before asking whether it works."""
    if zoo.is_path(model):
        return format_of_own(Path(model)) == runtime.format
    return bool(files_for(zoo.model_named(str(model)), runtime, precision))
