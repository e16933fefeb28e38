"""Calls in a forked copy of this process: what one did to Keras is gone with it, and none pays for the import again."""

from __future__ import annotations

import os
import pickle
import select
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any


def in_a_copy(call: Callable[[], Any], longest_s: float) -> Any:
    """Return what a call returns in a forked copy of this process, or raise what it raises there.

    Raises:
        ChildProcessError: the copy ended by a signal, or answered nothing; its number is ``errno``.
        TimeoutError: it did not answer in time.
    """
    reads, writes = os.pipe()
    copy = os.fork()
    if copy == 0:
        os.close(reads)
        _answer(call, writes)
    os.close(writes)
    try:
        reply = _read(reads, time.monotonic() + longest_s)
    finally:
        os.close(reads)
        os.kill(copy, signal.SIGKILL)
        _, status = os.waitpid(copy, 0)
    if not reply:
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        raise ChildProcessError(number, "the copy of this process ended")
    told = pickle.loads(reply)  # noqa: S301  # from a copy of this process
    if isinstance(told, BaseException):
        raise told
    return told


def _answer(call: Callable[[], Any], writes: int) -> None:
    """Call, write what comes of it, and end this process."""
    told: Any
    try:
        told = call()
    except BaseException as error:
        told = error
    try:
        reply = pickle.dumps(told)
        pickle.loads(reply)  # noqa: S301  # as above
    except Exception:  # an error of a library that cannot be sent
        reply = pickle.dumps(RuntimeError(f"{type(told).__name__}: {told}"))
    with suppress(OSError), os.fdopen(writes, "wb") as file:
        file.write(reply)
    os._exit(0)


def _read(reads: int, end: float) -> bytes:
    content = b""
    while True:
        ready, _, _ = select.select([reads], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            raise TimeoutError("the copy of this process did not answer in time")
        part = os.read(reads, 1 << 16)
        if not part:
            return content
        content += part
