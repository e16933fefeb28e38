"""The fingerprint of everything that a file depends on: with the same one, the file is not exported again."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from export.metadata import Metadata

_FOLDER = Path(__file__).parent


def fingerprint(about: Metadata) -> str:
    """Hash the metadata of a file (its source, calibration and tools) and the code of the export."""
    return hashlib.sha256(f"{about.as_json()}{_code()}".encode()).hexdigest()[:16]


@cache
def _code() -> str:
    """Hash this package, without the command line and the code that only reads reports."""
    digest = hashlib.sha256()
    for path in sorted(_FOLDER.rglob("*.py")):
        part = path.relative_to(_FOLDER)
        if part.parts[0] not in ("__main__.py", "again.py", "cli", "everything.py", "records"):
            digest.update(part.as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
