"""Answers pictures in several processes: decoding a picture holds Python's lock, and each process has one of its own.

A process is this package on its own, ``python -m digit_infer.answering``: it gets a copy of the predictor, then batches on
its standard input, and ends when that closes, so none outlives the process that started it, however that one ends.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from queue import SimpleQueue
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeAlias

from digit_infer.errors import DigitInferError, InferenceError, UsageError
from digit_infer.stream import in_batches, in_order

if TYPE_CHECKING:
    from digit_infer.prediction import Prediction, Unanswered
    from digit_infer.predictor import Predictor

Sendable: TypeAlias = "str | os.PathLike[str] | bytes"
"""Pictures that another process can read as well."""

_COMMAND = (sys.executable, "-P", "-m", "digit_infer.answering")
"""-P: a ``numpy.py`` in the folder where somebody works is not ours to import."""

_TO_END_S = 5.0

_AT_ONCE = 2
"""Batches that a process has at a time: the next waits for it while Python's lock keeps the answers to the last waiting."""


class AnsweringProcess:
    """A process with a copy of a predictor. Threads may share it: it answers in the order in which they ask."""

    def __init__(self, predictor: bytes) -> None:
        """Start a process with a pickled predictor, and do not wait until it has loaded its model."""
        self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
            _COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if "--debug" in sys.argv else subprocess.DEVNULL,  # Ctrl-C ends it too, and what it says of that
        )
        assert self._process.stdin is not None  # noqa: S101  # for mypy: both are pipes
        assert self._process.stdout is not None  # noqa: S101
        self._requests, self._replies = self._process.stdin, self._process.stdout
        self._first = predictor
        self._asking, self._hearing = Lock(), Lock()

    def answer(self, pictures: list[Sendable]) -> list[Prediction | Unanswered]:
        """Answer a batch.

        Raises:
            InferenceError: the runtime failed, or the process ended.
            ModelError: the model's file was changed since the predictor loaded it.
        """
        try:
            with self._asking:
                self._requests.write(self._first + pickle.dumps(pictures))
                self._requests.flush()
                self._first = b""
                self._hearing.acquire()  # before anybody asks again, so that each hears the answer to its own question
            try:
                reply: Any = pickle.load(self._replies)  # noqa: S301  # from our own process
            finally:
                self._hearing.release()
        except (BrokenPipeError, EOFError, pickle.UnpicklingError) as error:
            raise InferenceError(
                f"a process that answered pictures ended with exit code {self._ended()}",
                "it may have run out of memory: ask for fewer workers",
            ) from error
        if isinstance(reply, DigitInferError):
            raise reply
        answers: list[Prediction | Unanswered] = reply
        return answers

    def _ended(self) -> int:
        """Return the exit code of a process that broke off; one that still runs is ended."""
        try:
            return self._process.wait(_TO_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def __enter__(self) -> AnsweringProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()  # it holds nothing that would be lost
        self._process.communicate()


def in_processes(
    predictor: Predictor, pictures: Iterator[Any], batch_size: int, workers: int
) -> Iterator[Prediction | Unanswered]:
    """Answer pictures by copies of a predictor in so many processes, a batch at a time and in their order.

    Raises:
        UsageError: a picture is neither a path nor bytes.
        InferenceError: the runtime failed, or a process ended.
    """
    with ExitStack() as processes:
        copy = pickle.dumps(predictor)
        idle: SimpleQueue[AnsweringProcess] = SimpleQueue()
        for process in [processes.enter_context(AnsweringProcess(copy)) for _ in range(workers)] * _AT_ONCE:
            idle.put(process)

        def answer(batch: list[Sendable]) -> list[Prediction | Unanswered]:
            process = idle.get()
            try:
                return process.answer(batch)
            finally:
                idle.put(process)

        batches = in_batches(map(_sendable, pictures), batch_size)
        for answers in in_order(answer, batches, workers * _AT_ONCE):
            yield from answers


def _sendable(picture: Any) -> Sendable:
    if isinstance(picture, str | os.PathLike | bytes):
        return picture
    raise UsageError(
        f"a {type(picture).__name__} cannot go to another process", "pass paths or bytes, or leave processes out"
    )
