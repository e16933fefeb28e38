"""Checks a ``.keras`` file before Keras, whose start takes seconds, reads it: the archive, its JSON, and the sizes in it.

A few bytes of JSON can ask for gigabytes of weights. Each unit or filter of a layer has a weight of its own, so a file
with fewer bytes of weights than units is damaged.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from digit_infer.errors import DamagedModelError

_CONFIG = "config.json"
_LARGEST_CONFIG = 16_000_000
_LARGEST_CONTENT = 1_000_000_000
"""Bytes of all that the archive holds."""

_COUNTS = ("units", "filters", "output_dim")
_ERRORS = (OSError, ValueError, KeyError, RecursionError, MemoryError, NotImplementedError, RuntimeError, EOFError)
"""What reading a damaged archive and its JSON raises."""


def check_archive(path: Path) -> None:
    """Check a file that Keras will load.

    Raises:
        DamagedModelError: it is no archive of Keras, or damaged, or asks for more than it holds.
    """
    try:
        problem = _problem(path)
    except (*_ERRORS, zipfile.BadZipFile, zlib.error) as error:
        problem = f"is no Keras model ({' '.join(str(error).split())[:160] or type(error).__name__})"
    if problem is not None:
        raise DamagedModelError(f"{path} {problem}", "train or save it again")


def _problem(path: Path) -> str | None:
    with zipfile.ZipFile(path) as archive:
        content = sum(entry.file_size for entry in archive.infolist())
        if content > _LARGEST_CONTENT:
            return f"unpacks to {content:,} bytes; at most {_LARGEST_CONTENT:,}"
        if archive.getinfo(_CONFIG).file_size > _LARGEST_CONFIG:
            return f"holds a {_CONFIG} of more than {_LARGEST_CONFIG:,} bytes"
        config = json.loads(archive.read(_CONFIG))
    largest = max(_counts(config), default=0)
    if largest > content:
        return f"asks for a layer of {largest:,} units, and holds {content:,} bytes"
    return None


def _counts(config: Any) -> Iterator[int]:
    """Yield the numbers of units and filters, however deep they are."""
    waiting = [config]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield from (value[name] for name in _COUNTS if isinstance(value.get(name), int))
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
