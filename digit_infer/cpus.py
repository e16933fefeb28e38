"""The processors that this process may use."""

from __future__ import annotations

import os


def allowed_cpus() -> list[int]:
    """Return the numbers of the processors that the process may run on, as ``taskset`` and containers set it; one at least.

    macOS and Windows set nothing, so there it is all of them.
    """
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def usable_cpus() -> int:
    """Return how many processors the process may use."""
    return len(allowed_cpus())
