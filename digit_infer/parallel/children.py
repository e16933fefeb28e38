"""Child processes: end them with their parent, and release locks after a fork.

On Linux a child is killed when its parent ends, for whatever reason. Elsewhere it ends at its next read from, or write to,
a closed pipe. A fork copies the calling thread only, so a lock that another thread held would stay locked.
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


def end_children() -> None:
    """Kill this process's children, on systems with /proc."""
    with suppress(OSError):
        for task in os.listdir("/proc/self/task"):  # noqa: PTH208  # works while pathlib is being imported
            with open(f"/proc/self/task/{task}/children", encoding="ascii") as file:  # noqa: PTH123  # as above
                for number in file.read().split():
                    os.kill(int(number), signal.SIGKILL)


class Inherited(Protocol):
    """An object that must be repaired after a fork."""

    def after_fork(self) -> None:
        """Replace locks that other threads may hold."""


_LIVING: WeakSet[Inherited] = WeakSet()


def tell_after_fork(inherited: Inherited) -> None:
    """Call ``after_fork`` in every forked child while the object is alive."""
    _LIVING.add(inherited)


def _tell() -> None:
    for inherited in list(_LIVING):
        inherited.after_fork()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_tell)
