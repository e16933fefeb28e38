"""Writes and reads what commands of this package store as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from digit_infer.benchmark.environment import environment
from digit_infer.errors import ExportError
from digit_infer.files import write_text


@contextmanager
def stored_document(path: Path, schema: int, how_to_make: str) -> Iterator[dict[str, Any]]:
    """Yield what a file holds; whatever is missing or wrong in it, here or where it is taken apart, is one error.

    Raises:
        ExportError: there is no such file, it is damaged, or of another schema.
    """
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] != schema:
            raise ValueError(f"schema {document['schema']}, not {schema}")
        yield document
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ExportError(f"{path} does not hold what it should ({error!r})", how_to_make) from error


def store_measured(path: Path, schema: int, measured: dict[str, Any]) -> None:
    """Write what was measured, with the machine that it is from."""
    write_text(path, json.dumps({"schema": schema, "environment": environment(), **measured}, indent=1) + "\n")
