"""Child processes: what is started ends with its parent, and what is forked gives up what other threads may have held.

On Linux a started process is killed when the one that started it ends, however that ends. Elsewhere it ends when it next
reads from, or writes to, that one. Threads do not come along into a forked process, and a lock that one held stays locked.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import suppress
from typing import Protocol
from weakref import WeakSet

_SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of <sys/prctl.h>


def owner() -> str:
    """Return the argument that a child process passes to ``end_with``.

    Linux watches the thread that started a child, not its process, so only the main thread counts.
    """
    return str(os.getpid()) if threading.current_thread() is threading.main_thread() else "0"


def end_with(owner: str) -> None:
    """Let this process be killed when the one that started it ends; ``owner`` is what that one passed, 0 for nothing."""
    if sys.platform != "linux" or owner == "0":
        return
    import ctypes

    ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != int(owner):  # it ended before
        os._exit(1)


def end_children() -> None:
    """Kill the processes that this one has started, where the system lists them."""
    with suppress(OSError):
        for task in os.listdir("/proc/self/task"):  # noqa: PTH208  # works while pathlib is being imported
            with open(f"/proc/self/task/{task}/children", encoding="ascii") as file:  # noqa: PTH123  # as above
                for number in file.read().split():
                    os.kill(int(number), signal.SIGKILL)


class Inherited(Protocol):
    """What has to know that it is in a forked process."""

    def after_fork(self) -> None:
        """Give up what other threads may have held."""


_LIVING: WeakSet[Inherited] = WeakSet()


def tell_after_fork(inherited: Inherited) -> None:
    """Call ``after_fork`` in every process that is forked from this one, as long as the object lives."""
    _LIVING.add(inherited)


def _tell() -> None:
    for inherited in list(_LIVING):
        inherited.after_fork()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_tell)
