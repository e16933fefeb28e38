"""Worker processes that answer pictures: decoding holds Python's global lock, and each process has a lock of its own.

A worker is ``python -m digit_infer.parallel.processes``. It reads pickles from its standard input: a predictor, then one
list of pictures per batch. It writes one pickle per batch: a list of answers, or an error. It ends when its standard input
closes, so no worker outlives the process that started it.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from queue import SimpleQueue
from threading import Lock
from types import TracebackType
from typing import Any, BinaryIO, TypeAlias

from digit_infer.errors import DigitInferError, InferenceError, UsageError
from digit_infer.parallel import in_batches, in_order
from digit_infer.parallel.children import end_with, owner

Sendable: TypeAlias = "str | os.PathLike[str] | bytes"
"""Pictures that another process can read as well."""

_COMMAND = (sys.executable, "-P", "-m", "digit_infer.parallel.processes")
"""-P keeps modules of the working folder, such as a ``numpy.py``, from being imported. In an app that PyInstaller froze,
``sys.executable`` is the app, and ``digit_infer._pyinstaller`` provides for this command."""

_TO_END_S = 5.0

_BATCHES_IN_FLIGHT = 2
"""Per worker: one batch is answered while the next one waits in the pipe."""


class Worker:
    """A process with a copy of a predictor. Threads may share it: it answers batches in the order of their requests."""

    def __init__(self, predictor: bytes) -> None:
        """Start a process with a pickled predictor, and do not wait until it has loaded its model."""
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115  # closed by __exit__
        self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
            [*_COMMAND, owner()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._stderr
        )
        assert self._process.stdin is not None  # noqa: S101  # for mypy: both are pipes
        assert self._process.stdout is not None  # noqa: S101
        self._requests, self._replies = self._process.stdin, self._process.stdout
        self._first = predictor
        self._sending, self._receiving = Lock(), Lock()

    def answer(self, pictures: list[Sendable]) -> list[Any]:
        """Return what ``predict_many`` of the predictor yields for a batch.

        Raises:
            InferenceError: the runtime failed, or the process ended.
            ModelError: the model's file was changed since the predictor loaded it.
        """
        try:
            with self._sending:
                self._requests.write(self._first + pickle.dumps(pictures))
                self._requests.flush()
                self._first = b""
                self._receiving.acquire()  # before another thread sends, so that each thread gets its own reply
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
        """Return the exit code; a process that closed its pipes but still runs is ended."""
        try:
            return self._process.wait(_TO_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def _last_words(self) -> str:
        """Return the last line that the process wrote to its standard error, in parentheses."""
        self._stderr.seek(0)
        lines = self._stderr.read().decode(errors="replace").strip().splitlines()
        return f" ({lines[-1]})" if lines else ""

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()  # it holds no state that would be lost
        self._process.communicate()
        self._stderr.close()


def in_processes(predictor: object, pictures: Iterator[Any], batch_size: int, workers: int) -> Iterator[Any]:
    """Yield what ``predict_many`` of a predictor yields, from copies of it in ``workers`` processes, in order.

    Raises:
        UsageError: a picture is neither a path nor bytes, or this app was frozen by another tool than PyInstaller.
        InferenceError: the runtime failed, or a process ended.
    """
    if getattr(sys, "frozen", False) and not hasattr(sys, "_MEIPASS"):  # starting it would start the app again, without end
        raise UsageError(
            "this frozen app cannot start worker processes", "leave processes out, or freeze it by PyInstaller"
        )
    with ExitStack() as stack:
        copy = pickle.dumps(predictor)
        idle: SimpleQueue[Worker] = SimpleQueue()
        for worker in [stack.enter_context(Worker(copy)) for _ in range(workers)] * _BATCHES_IN_FLIGHT:
            idle.put(worker)

        def answer(batch: list[Sendable]) -> list[Any]:
            worker = idle.get()
            try:
                return worker.answer(batch)
            finally:
                idle.put(worker)

        batches = in_batches(map(_sendable, pictures), batch_size)
        for answers in in_order(answer, batches, workers * _BATCHES_IN_FLIGHT):
            yield from answers


def _sendable(picture: Any) -> Sendable:
    if isinstance(picture, str | os.PathLike | bytes):
        return picture
    raise UsageError(
        f"a {type(picture).__name__} cannot be sent to another process", "pass paths or bytes, or leave processes out"
    )


def _answer_requests(requests: BinaryIO, replies: BinaryIO) -> None:
    """Answer batches until the requests end."""
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
    answers_to = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print must not get between the answers
    _answer_requests(sys.stdin.buffer, answers_to)
