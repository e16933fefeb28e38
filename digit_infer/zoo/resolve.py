"""Resolves a model, a runtime and a precision to a file and a session.

Only what the caller left open (``runtime="auto"``, no precision) is chosen here; the predictor reports the choice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from digit_infer import zoo
from digit_infer.contract import PRECISIONS, Precision
from digit_infer.errors import (
    MissingModelFileError,
    RuntimeUnavailableError,
    UnknownModelError,
    UsageError,
)
from digit_infer.parallel import Background
from digit_infer.runtimes import RUNTIMES, runtime_named
from digit_infer.runtimes.model_file import ModelFile, format_of_own, own_file, sha256_of, verify
from digit_infer.runtimes.protocol import Availability, Runtime, RuntimeName, Session, TakesAnyFile
from digit_infer.zoo.manifest import ZooFile, ZooModel

if TYPE_CHECKING:
    from digit_infer.runtimes.adapter import Adapter
    from digit_infer.runtimes.trial import Trial

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
    """The result of resolving, opened: ``file`` is None on a runtime that reads none.

    ``trial`` is what came out of trying a user's own file in a process of its own, and None for files of the zoo.
    """

    model: str
    runtime: RuntimeName
    file: ModelFile | None
    session: Session
    trial: Trial | None = None


@dataclass(frozen=True)
class Plan:
    """A model's file, whose sha256 was checked if it is one of the zoo, and an available runtime.

    ``wish`` is what the user says of a file that does not keep the contract.
    """

    model: str
    runtime: Runtime
    file: ModelFile | None
    threads: int | None
    wish: Adapter | None = None

    def tried(self, file: ModelFile, trial: Trial | None = None) -> Trial:
        """Try a file of the user's own in a process of its own, unless ``trial`` is of its bytes.

        Raises:
            ModelError: the file is missing or damaged, or its format is not detected.
        """
        found = sha256_of(file.path)
        if trial is not None and found == trial.sha256:
            return trial
        from digit_infer.runtimes.trial import try_out  # files of the zoo do not need it

        return try_out(self.runtime.name, file, found, self.wish)

    def open(self, trial: Trial | None = None) -> Chosen:
        """Load the file. One of the user's own is tried in a process of its own first, unless ``trial`` is of its bytes.

        Raises:
            ModelError: the file is missing, damaged or breaks the contract.
            RuntimeUnavailableError: the runtime refuses after all.
        """
        if self.file is None or self.file.sha256 is not None:
            return Chosen(self.model, self.runtime.name, self.file, self.runtime.open(self.file, self.threads))
        from digit_infer.runtimes.adapter import AdaptedSession  # files of the zoo do not need it

        trial = self.tried(self.file, trial)
        session: Session
        if trial.adapter is not None and isinstance(self.runtime, TakesAnyFile):
            session = AdaptedSession(self.runtime.bare(self.file, self.threads), trial.adapter, self.model)
        else:
            session = self.runtime.open(self.file, self.threads)
        return Chosen(self.model, self.runtime.name, self.file, session, trial)


def plan(
    model: str | Path,
    runtime: RuntimeName | Literal["auto"],
    precision: Precision | None,
    threads: int | None,
    adapter: Adapter | None = None,
) -> Plan:
    """Find the file and the runtime, and import the runtime's library.

    ``adapter`` is what the user says of a file of their own.

    Raises:
        UnknownModelError, UnknownRuntimeError: there is no model or runtime of that name.
        UsageError: an argument is out of range, or arguments contradict one another.
        ModelError: the file is missing, damaged or altered.
        RuntimeUnavailableError: the runtime does not work here, or with ``auto`` none does.
    """
    if precision is not None and precision not in PRECISIONS:
        raise UsageError(f"there is no precision {precision!r}", f"choose from {', '.join(PRECISIONS)}")
    if not isinstance(model, str | Path):
        raise UsageError(f"model is a {type(model).__name__}", "pass a name of the zoo, or a path")
    if threads is not None and not (isinstance(threads, int) and 1 <= threads <= MAX_THREADS):
        raise UsageError(f"threads is {threads!r}", f"it must be 1 to {MAX_THREADS}, or None")
    if adapter is not None and not zoo.is_path(model):
        raise UsageError(f"{model} is a model of the zoo, which keeps the contract", "leave out what you say of its pixels")
    if runtime == "auto":
        return replace(_automatic(model, precision, threads), wish=adapter)
    named = runtime_named(runtime)
    state, file = _verified(model, named, precision)
    if state.reason is not None:
        raise RuntimeUnavailableError(f"the runtime {named.name} is not available", state.reason)
    return Plan(str(model), named, file, threads, adapter)


def _verified(model: str | Path, runtime: Runtime, precision: Precision | None) -> tuple[Availability, ModelFile | None]:
    """Find a file and verify it while the runtime's library is imported: hashing releases Python's global lock.

    Where the runtime does not work, that comes first: a missing or altered file is no error then.
    """
    file = missing = None
    try:
        file = find_file(model, runtime, precision)
    except MissingModelFileError as error:
        missing = error
    checking = Background(lambda: verify(file))
    state = runtime.availability()
    if state.available:
        if missing is not None:
            raise missing
        checking.result()
    return state, file


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
        state, file = _verified(model, runtime, precision)
        if state.available:
            return Plan(str(model), runtime, file, threads)
        reasons.append(f"{name}: {state.reason}")
    if not reasons:
        raise UnknownModelError(f"the zoo has no {precision} file of {model}", "leave the precision out")
    raise RuntimeUnavailableError(f"no runtime for {model} works here", "; ".join(reasons))


def _reads(runtime: Runtime, model: str | Path, precision: Precision | None) -> bool:
    """Tell whether a runtime has a file to read, before its availability is checked."""
    if zoo.is_path(model):
        return format_of_own(Path(model)) == runtime.format
    return bool(files_for(zoo.model_named(str(model)), runtime, precision))
