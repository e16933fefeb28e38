"""Runs in a library's environment: the size that a package adds to digit_infer's own dependencies.

``python -m bench.normalizers.weight PACKAGE`` prints them.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path


def brought_by(package: str) -> set[str]:
    """Return a package and its installed dependencies, without those of extras."""
    found: set[str] = set()
    waiting = [package]
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        try:
            needs = distribution(name).requires or []
        except PackageNotFoundError:  # needed on another platform
            continue
        found.add(name)
        waiting += [re.split(r"[^\w.-]", need, maxsplit=1)[0] for need in needs if "extra ==" not in need]
    return found


def installed_bytes(package: str) -> int:
    """Return the size in bytes of the files that only this package brings, without compiled Python."""
    return sum(
        path.stat().st_size
        for name in brought_by(package) - brought_by("digit-infer")
        for path in (Path(file.locate()) for file in distribution(name).files or () if file.suffix != ".pyc")
        if path.is_file()
    )


if __name__ == "__main__":
    print(installed_bytes(sys.argv[1]))  # noqa: T201  # read by the parent process
