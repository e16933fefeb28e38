"""Tries a user's own model file in a process of its own, since a damaged or hostile one can crash a runtime or never end.

The process opens the file, runs it on a blank image and on two others, and checks the answers. Its processor time is
limited, and on Linux its memory. Whatever happens there is one error here.
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
from importlib import import_module
from pathlib import Path
from typing import IO

import numpy as np

from digit_infer.contract import CLASSES, SIDE, check_probabilities
from digit_infer.errors import ContractError, DamagedModelError, DigitInferError, InferenceError, from_told
from digit_infer.parallel.children import end_with, owner
from digit_infer.runtimes import RUNTIMES
from digit_infer.runtimes.model_file import ModelFile, own_file
from digit_infer.runtimes.protocol import Runtime, RuntimeName, Session

CPU_SECONDS = 1
"""Of processor time for opening and running a file, and one more for each 20 MB of it.

Keras gets six times as much, since it compiles functions.
"""

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


def try_out(runtime: RuntimeName, file: ModelFile) -> None:
    """Try a file on a runtime.

    Raises:
        ModelError: the file is damaged or breaks the contract, or it ended the process or exceeded a limit.
        RuntimeUnavailableError: the runtime does not start.
    """
    if runtime in _ELSEWHERE:
        return
    name = _TRIED_ON.get(runtime, runtime)
    longest_s = WALL_SECONDS * (3 if file.format == "keras" else 1)
    words = [sys.executable, "-P", "-m", "digit_infer.runtimes.trial", owner(), name, str(file.path.absolute())]
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
    told = json.loads(reply)
    if told is not None:
        told["problem"] = told["problem"].replace(str(file.path.absolute()), str(file.path))
        raise from_told(told)


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


def _bounded(runtime: Runtime, size: int) -> None:
    """Limit what this process may take from now on, where the system can."""
    if sys.platform == "win32":
        return
    import resource

    seconds = CPU_SECONDS * (6 if runtime.format == "keras" else 1) + size / 20_000_000
    signal.setitimer(signal.ITIMER_PROF, seconds)  # of processor time; then SIGPROF ends the process
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


def _tried(name: RuntimeName, path: Path) -> dict[str, str] | None:
    """Open and run a file; return what is wrong with it."""
    runtime = RUNTIMES[name]
    try:
        file = own_file(path)
        _start(runtime)
        _bounded(runtime, file.bytes)
        _check(runtime.open(file, None), path)
    except DigitInferError as error:
        return error.told()
    except MemoryError:
        return DamagedModelError(f"{path} needs more memory than {MEMORY_BYTES // 1_000_000} MB", _ADVICE).told()
    return None


if __name__ == "__main__":
    end_with(sys.argv[1])
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print must not get into the reply
    replies.write(json.dumps(_tried(RUNTIMES[sys.argv[2]].name, Path(sys.argv[3]))))  # type: ignore[index]  # ours
    replies.flush()
    os._exit(0)  # unloading a hostile model may crash, too
