"""How much memory this process has taken at its highest."""

from __future__ import annotations

import sys
from pathlib import Path


def peak_memory_bytes() -> int | None:
    """Return the highest resident set size of this process, or None where the system does not tell.

    Linux' ``VmHWM`` comes first: ``ru_maxrss`` remembers the process that this one was forked from.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return _by_resource_usage()
    line = next((line for line in status.splitlines() if line.startswith("VmHWM:")), None)
    return None if line is None else 1024 * int(line.split()[1])


def _by_resource_usage() -> int | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
