"""How many processors this process may use."""

from __future__ import annotations

import os


def usable_cpus() -> int:
    """Return the number of processors that the process may run on, as ``taskset`` and containers set it; 1 at least."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # macOS and Windows
