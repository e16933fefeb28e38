"""Processes of ours that end with the one that started them, however that ends, on Linux.

Elsewhere they end when they next read from, or write to, the process that started them.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import suppress

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
