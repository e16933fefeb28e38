"""Ctrl-C at any time: libraries may swallow KeyboardInterrupt while they are imported, or raise another error.

The command line therefore ends at once, except while work must be finished. A program that imports the package keeps its
own handling.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

EXIT_CODE = 130

_STDERR = 2


def end_at_once() -> None:
    """From now on, Ctrl-C ends this process and its children with exit code 130 and a line on the current stderr."""
    try:
        stderr = os.dup(_STDERR)  # the descriptor may be redirected while a runtime is loaded
    except OSError:  # it is closed
        stderr = os.open(os.devnull, os.O_WRONLY)

    def end(number: int, frame: FrameType | None) -> NoReturn:
        del number, frame
        try:
            end_children()
            os.write(stderr, b"interrupted\n")
        finally:
            os._exit(EXIT_CODE)

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # otherwise ignored, as under nohup
        signal.signal(signal.SIGINT, end)


def end_children() -> None:
    """Kill this process's children, on systems with /proc."""
    with suppress(OSError):
        for task in os.listdir("/proc/self/task"):  # noqa: PTH208  # works while pathlib is being imported
            with open(f"/proc/self/task/{task}/children", encoding="ascii") as file:  # noqa: PTH123  # as above
                for number in file.read().split():
                    os.kill(int(number), signal.SIGKILL)


@contextmanager
def raised() -> Iterator[None]:
    """Make Ctrl-C raise KeyboardInterrupt in this block, so that work is completed or cleaned up."""
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before in (signal.SIG_IGN, None):
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def importing() -> Iterator[None]:
    """Raise KeyboardInterrupt for a Ctrl-C during the import of a library, even if the library hides it."""
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    came = False

    def note(number: int, frame: FrameType | None) -> NoReturn:
        del number, frame
        nonlocal came
        came = True
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, note)
    try:
        yield
    except Exception as error:
        if came:
            raise KeyboardInterrupt from error
        raise
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if came:
        raise KeyboardInterrupt
