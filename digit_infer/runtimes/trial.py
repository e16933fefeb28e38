"""Tries a user's own model file in a process of its own, since a damaged or hostile one can crash a runtime or never end.

The process opens the file, runs it on a blank image and on two others, and checks the answers. The format of a file that
does not keep the contract is detected there. CPU time is limited, and on Linux memory. Any failure is one error here.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO, Any

import numpy as np

from digit_infer.contract import CLASSES, SIDE, check_probabilities
from digit_infer.errors import (
    ContractError,
    DamagedModelError,
    DatasetError,
    DigitInferError,
    InferenceError,
    UsageError,
    from_told,
)
from digit_infer.parallel.processes import end_with, owner, restarts_app
from digit_infer.runtimes import RUNTIMES
from digit_infer.runtimes.adapter import Adapter, adapter_of
from digit_infer.runtimes.model_file import ModelFile, own_file
from digit_infer.runtimes.protocol import Runtime, RuntimeName, Session, TakesAnyFile

CPU_SECONDS = 1
"""Of processor time for opening and running a file, and one more for each 20 MB of it.

Keras gets six times as much, since it compiles functions.
"""

ASKING_CPU_SECONDS = 60
"""CPU seconds for detecting the input and output format of a file, once it has answered a picture."""

WALL_SECONDS = 20
"""Seconds after which a file that waits, or a runtime that does not start, is given up. Keras gets three times as much."""

MEMORY_BYTES = 256_000_000
"""What a file may take beyond the runtime itself, and four times its size besides."""

_TRIED_ON: Mapping[RuntimeName, RuntimeName] = {
    "onnx-gpu": "onnx-cpu",
    "onnx-gpu-graph": "onnx-cpu",
    "onnx-tensorrt": "onnx-cpu",
}
"""Starting CUDA would take seconds, and ONNX Runtime reads a file the same way for every provider."""

_ELSEWHERE: tuple[RuntimeName, ...] = ("browser-onnx", "browser-tflite")
"""A browser opens a file in a process of its own, in a sandbox, and takes more address space than a trial may."""

_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1")
"""Else the stacks of threads, one for each processor, would count as memory that the file takes."""

_ADVICE = "use it only if you trust its author, after exporting it again"
_WORDS = 200
_CHATTER = ("INFO:", "WARNING:", "I0000", "W0000", "E0000")
"""What libraries log while all is well."""


@dataclass(frozen=True)
class Trial:
    """What came out of trying a file: ``adapter`` is None if it keeps the contract, and ``note`` is for the user."""

    sha256: str
    adapter: Adapter | None
    note: str = ""


def try_out(runtime: RuntimeName, file: ModelFile, sha256: str, wish: Adapter | None = None) -> Trial:
    """Try a file on a runtime; ``wish`` is what the user says of it.

    Raises:
        ModelError: the file is damaged, its format is not detected, or it ended the process or exceeded a limit.
        RuntimeUnavailableError: the runtime does not start.
        UsageError: this app was frozen by another tool than PyInstaller.
    """
    if runtime in _ELSEWHERE:
        if wish is not None:
            raise UsageError(f"{runtime} runs files of the contract alone", "convert it: python -m export PATH --browser")
        return Trial(sha256, None)
    if restarts_app():
        raise UsageError("this frozen app cannot try a model file in another process", "freeze it by PyInstaller")
    name = _TRIED_ON.get(runtime, runtime)
    longest_s = WALL_SECONDS * (3 if file.format == "keras" else 1) + ASKING_CPU_SECONDS
    told_wish = json.dumps(None if wish is None else wish.told())
    words = [sys.executable, "-P", "-m", "digit_infer.runtimes.trial", owner(), name, str(file.path.absolute()), told_wish]
    with tempfile.TemporaryFile() as stderr:
        process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, env={**os.environ, **_ONE_THREAD}
        )
        try:
            reply, _ = process.communicate(timeout=longest_s)
        except subprocess.TimeoutExpired:
            reply = b""
            raise DamagedModelError(
                f"{file.path} was not opened and run by {name} within {longest_s} s{_last_words(stderr)}", _ADVICE
            ) from None
        finally:
            process.kill()
            process.communicate()
        if process.returncode != 0 or not reply:
            raise DamagedModelError(f"{file.path} {_ended(name, process.returncode)}{_last_words(stderr)}", _ADVICE)
    told = json.loads(reply.decode().replace(json.dumps(str(file.path.absolute()))[1:-1], json.dumps(str(file.path))[1:-1]))
    if "problem" in told:
        raise from_told(told)
    adapter = None if told["adapter"] is None else adapter_of(told["adapter"])
    if adapter is not None and name != runtime:
        raise ContractError(
            f"{file.path} does not keep the contract, and {runtime} runs files that do",
            f"choose the runtime {name}, or convert it: python -m export {file.path}",
        )
    return Trial(sha256, adapter, told["note"])


def _ended(runtime: str, code: int) -> str:
    """Say how the process ended, as the end of a sentence about the file."""
    if code >= 0:
        return f"ended {runtime} with exit code {code}"
    number = signal.Signals(-code)
    if number == getattr(signal, "SIGPROF", None):
        return f"took more processor time on {runtime} than a model of digits may"
    return f"crashed {runtime} ({number.name})"


def _last_words(stderr: IO[bytes]) -> str:
    """Return the last line that the process wrote to standard error, in parentheses."""
    size = stderr.seek(0, os.SEEK_END)
    stderr.seek(max(0, size - 10 * _WORDS))
    lines = [line for line in stderr.read().decode(errors="replace").splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith(_CHATTER)]
    return f" ({lines[-1][:_WORDS]})" if lines else ""


def _limited_to(seconds: float) -> None:
    """Let this process take so much processor time from now on, where the system can; then SIGPROF ends it."""
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _bounded(runtime: Runtime, size: int) -> None:
    """Limit what this process may take from now on, where the system can."""
    if sys.platform == "win32":
        return
    import resource

    _limited_to(CPU_SECONDS * (6 if runtime.format == "keras" else 1) + size / 20_000_000)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    status = Path("/proc/self/status")
    if status.exists():  # Linux; elsewhere this limit does not count what is mapped
        data = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmData:"))
        most = 1_000 * int(data.split()[1]) + MEMORY_BYTES + 4 * size
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _check(session: Session, path: Path) -> None:
    """Run a file on one blank image, and on two: its signature shows neither logits nor a batch that is fixed inside.

    Raises:
        ContractError: it fails on one or on two images, or its outputs are no probabilities.
    """
    ramp = np.arange(SIDE * SIDE).reshape(SIDE, SIDE) * 255 // (SIDE * SIDE - 1)
    number = "one image"
    try:
        session.answers(np.zeros((1, SIDE, SIDE), np.uint8))
        number = "two images at once"
        answers = session.answers(np.stack([ramp, ramp.T]).astype(np.uint8))
    except InferenceError as error:
        raise ContractError(f"{path} does not take {number}: {error.problem}", "export it again") from error
    if answers.shape != (2, CLASSES):
        raise ContractError(f"{path} gives {answers.shape} for two images, not (2, 10)", "export it again")
    check_probabilities(str(path), answers)


def _start(runtime: Runtime) -> None:
    """Import a runtime's library, so that the limits are for the file alone; ``open`` tells where that fails."""
    with suppress(ImportError):
        runtime.availability()
        if runtime.format == "keras":
            import_module("keras")


def _tried(name: RuntimeName, path: Path, wish: Adapter | None) -> dict[str, Any]:
    """Open and run a file; return its format and a note for the user, or what is wrong with it."""
    runtime = RUNTIMES[name]
    try:
        file = own_file(path)
        _start(runtime)
        _bounded(runtime, file.bytes)
        if wish is None and runtime.format != "keras":
            try:
                session = runtime.open(file, None)
                _check(session, path)
            except ContractError:
                if not isinstance(runtime, TakesAnyFile):
                    raise
            else:
                return _plausible(session, path, runtime, file)
        return _adapted(runtime, file, wish or Adapter())
    except DigitInferError as error:
        return error.told()
    except MemoryError:
        return DamagedModelError(f"{path} needs more memory than {MEMORY_BYTES // 1_000_000} MB", _ADVICE).told()


def _plausible(session: Session, path: Path, runtime: Runtime, file: ModelFile) -> dict[str, Any]:
    """Look whether a file that keeps the contract answers MNIST."""
    from digit_infer.runtimes.plausibility import doubt_of_contract

    _limited_to(ASKING_CPU_SECONDS)
    try:
        doubt = doubt_of_contract(str(path), session.answers)
    except DatasetError as error:
        return {"adapter": None, "note": f"warning: {path} was not tried on digits ({error})"}
    if doubt is None:
        return {"adapter": None, "note": ""}
    line, inverted = doubt
    if inverted and isinstance(runtime, TakesAnyFile):
        return _adapted(runtime, file, Adapter())
    return {"adapter": None, "note": f"warning: {line}"}


def _adapted(runtime: Runtime, file: ModelFile, wish: Adapter) -> dict[str, Any]:
    """Detect the format of a file that does not keep the contract."""
    from digit_infer.runtimes.plausibility import fitted

    if not isinstance(runtime, TakesAnyFile):
        raise ContractError(f"{runtime.name} runs files that keep the contract", "leave out what you say of its pixels")
    bare = runtime.bare(file, None)
    _limited_to(ASKING_CPU_SECONDS)
    adapter = fitted(bare, str(file.path), wish)
    return {"adapter": adapter.told(), "note": adapter.note}


if __name__ == "__main__":
    end_with(sys.argv[1])
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print must not get into the reply
    told_wish = json.loads(sys.argv[4])
    wished = None if told_wish is None else adapter_of(told_wish)
    replies.write(json.dumps(_tried(RUNTIMES[sys.argv[2]].name, Path(sys.argv[3]), wished)))  # type: ignore[index]  # ours
    replies.flush()
    os._exit(0)  # unloading a hostile model may crash, too
