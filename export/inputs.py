"""The fingerprint of all that a file depends on: with the same one, the file need not be made again."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from export.metadata import Metadata

_FOLDER = Path(__file__).parent


def fingerprint(about: Metadata) -> str:
    """Hash what a file says of itself (its source, calibration and tools) and the code that makes and proves it."""
    return hashlib.sha256(f"{about.as_json()}{_code()}".encode()).hexdigest()[:16]


@cache
def _code() -> str:
    """Hash this package but for what only orders files, or speaks of them."""
    digest = hashlib.sha256()
    for path in sorted(_FOLDER.rglob("*.py")):
        part = path.relative_to(_FOLDER)
        if part.parts[0] not in ("__main__.py", "again.py", "cli", "everything.py", "records"):
            digest.update(part.as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
