"""Worker processes that predict in parallel: decoding holds Python's global lock, of which each process has its own.

A worker is ``python -m digit_infer.parallel.processes``. It imports the predictor's module, then reads pickles from
stdin: a predictor, then one list of pictures per batch. It writes one pickle per batch: a list of answers, or an error.
It ends when stdin closes, so no worker outlives its parent. On Linux a child is also killed when its parent ends, for
whatever reason.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib import import_module
from queue import SimpleQueue
from typing import Any, BinaryIO, TypeAlias

from digit_infer.errors import DigitInferError, InferenceError, UsageError
from digit_infer.parallel import in_batches, in_order

Sendable: TypeAlias = "str | os.PathLike[str] | bytes"
"""Pictures that another process can read."""

_COMMAND = (sys.executable, "-P", "-m", "digit_infer.parallel.processes")
"""``-P`` prevents imports from the working folder, such as a file ``numpy.py``. In an app frozen by PyInstaller,
``sys.executable`` is the app, and ``digit_infer._pyinstaller`` handles this command."""

_TO_END_S = 5.0

_BATCHES_IN_FLIGHT = 2
"""Per worker: one batch is answered while the next one waits in the pipe."""


_SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of <sys/prctl.h>


def restarts_app() -> bool:
    """Return whether starting ``sys.executable`` would start a frozen app again, endlessly.

    It would unless PyInstaller froze the app: ``digit_infer._pyinstaller`` handles our commands there.
    """
    return getattr(sys, "frozen", False) and not hasattr(sys, "_MEIPASS")


def owner() -> str:
    """Return the argument that a child process passes to ``end_with``.

    Linux watches the thread that started a child, not its process, so only the main thread counts.
    """
    return str(os.getpid()) if threading.current_thread() is threading.main_thread() else "0"


def end_with(owner: str) -> None:
    """Have the kernel kill this process when its parent ends; ``owner`` is the parent's ``owner()``, "0" disables it."""
    if sys.platform != "linux" or owner == "0":
        return
    import ctypes

    ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != int(owner):  # the parent had already ended
        os._exit(1)


class Worker:
    """A process with a copy of a predictor. Safe to share between threads; batches are answered in order."""

    def __init__(self, module: str) -> None:
        """Start a process that imports a module, without waiting for it; ``load`` comes before the first batch."""
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115  # closed by __exit__
        self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
            [*_COMMAND, owner(), module], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._stderr
        )
        assert self._process.stdin is not None  # noqa: S101  # for mypy: both are pipes
        assert self._process.stdout is not None  # noqa: S101
        self._requests, self._replies = self._process.stdin, self._process.stdout
        self._first = b""
        self._sending, self._receiving = threading.Lock(), threading.Lock()

    def load(self, predictor: bytes) -> None:
        """Keep a pickled predictor, which is sent before the first batch."""
        self._first = predictor

    def answer(self, pictures: list[Sendable]) -> list[Any]:
        """Return what ``predict_many`` of the predictor yields for a batch.

        Raises:
            InferenceError: the runtime failed, or the process ended.
            ModelError: the model file has changed since the predictor loaded it.
        """
        try:
            with self._sending:
                self._requests.write(self._first + pickle.dumps(pictures))
                self._requests.flush()
                self._first = b""
                self._receiving.acquire()  # before another thread sends, so that each thread reads its own reply
            try:
                reply: Any = pickle.load(self._replies)  # noqa: S301  # from our own process
            finally:
                self._receiving.release()
        except (BrokenPipeError, EOFError, pickle.UnpicklingError) as error:
            raise InferenceError(
                f"a worker process ended with exit code {self._exit_code()}{self._last_words()}",
                "try again with fewer workers, which take less memory, or with none",
            ) from error
        if isinstance(reply, DigitInferError):
            raise reply
        answers: list[Any] = reply
        return answers

    def _exit_code(self) -> int:
        """Return the exit code; kill the process if it closed its pipes but still runs."""
        try:
            return self._process.wait(_TO_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def _last_words(self) -> str:
        """Return the last line of the process's stderr, in parentheses."""
        self._stderr.seek(0)
        lines = self._stderr.read().decode(errors="replace").strip().splitlines()
        return f" ({lines[-1]})" if lines else ""

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()  # it holds no state that would be lost
        self._process.communicate()
        self._stderr.close()


@contextmanager
def started(workers: int, module: str) -> Iterator[list[Worker]]:
    """Start processes, which import the predictor's module while the caller loads one, and end them afterwards.

    Raises:
        UsageError: this app was frozen by another tool than PyInstaller.
    """
    if restarts_app():
        raise UsageError(
            "this frozen app cannot start worker processes", "leave processes out, or freeze it by PyInstaller"
        )
    with ExitStack() as stack:
        yield [stack.enter_context(Worker(module)) for _ in range(workers)]


def answered(processes: Sequence[Worker], predictor: object, pictures: Iterator[Any], batch_size: int) -> Iterator[Any]:
    """Yield the results of ``predict_many`` from copies of a predictor in processes that are ``started``, in order.

    Each process takes one predictor, so this is called once for them.

    Raises:
        UsageError: a picture is neither a path nor bytes.
        InferenceError: the runtime failed, or a process ended.
    """
    copy = pickle.dumps(predictor)
    idle: SimpleQueue[Worker] = SimpleQueue()
    for worker in processes:
        worker.load(copy)
    for worker in [*processes] * _BATCHES_IN_FLIGHT:
        idle.put(worker)

    def answer(batch: list[Sendable]) -> list[Any]:
        worker = idle.get()
        try:
            return worker.answer(batch)
        finally:
            idle.put(worker)

    batches = in_batches(map(_sendable, pictures), batch_size)
    for answers in in_order(answer, batches, len(processes) * _BATCHES_IN_FLIGHT):
        yield from answers


def in_processes(predictor: object, pictures: Iterator[Any], batch_size: int, workers: int) -> Iterator[Any]:
    """Yield the results of ``predict_many`` from copies of a predictor in ``workers`` processes, in order.

    Raises:
        UsageError, InferenceError: as ``started`` and ``answered``.
    """
    with started(workers, type(predictor).__module__) as processes:
        yield from answered(processes, predictor, pictures, batch_size)


def _sendable(picture: Any) -> Sendable:
    if isinstance(picture, str | os.PathLike | bytes):
        return picture
    raise UsageError(
        f"a {type(picture).__name__} cannot be sent to another process", "pass paths or bytes, or leave processes out"
    )


def _answer_requests(requests: BinaryIO, replies: BinaryIO) -> None:
    """Answer batches until stdin closes."""
    try:
        predictor = pickle.load(requests)  # noqa: S301  # from the process that started this one
        while True:
            pictures = pickle.load(requests)  # noqa: S301
            _reply(replies, list(predictor.predict_many(pictures, batch_size=len(pictures), workers=1)))
    except EOFError:
        return
    except DigitInferError as error:
        _reply(replies, error)


def _reply(replies: BinaryIO, reply: object) -> None:
    pickle.dump(reply, replies, pickle.HIGHEST_PROTOCOL)
    replies.flush()


if __name__ == "__main__":
    end_with(sys.argv[1])
    import_module(sys.argv[2])  # while the parent loads the model
    answers_to = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # keep the output of libraries out of the replies
    _answer_requests(sys.stdin.buffer, answers_to)
