"""Records of peers in ``bench/results``: measurements, the machine and all versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from bench.peers.environments import versions
from bench.recording import SCHEMA
from digit_infer.benchmark.record import read_document, rebuilt
from digit_infer.errors import RecordError
from export.stored import store_measured

Entry = TypeVar("Entry")


def store(path: Path, environments: Sequence[str], settings: Mapping[str, float], results: Mapping[str, Any]) -> None:
    """Write entries, which are dataclasses, with the machine and versions."""
    entries = {name: asdict(entry) for name, entry in results.items()}
    store_measured(path, SCHEMA, {"versions": versions(environments), "settings": dict(settings), "results": entries})


def read_results(path: Path, kind: type[Entry]) -> dict[str, Entry]:
    """Read the entries of a record by name, as dataclasses of one type.

    Raises:
        RecordError: the record is missing, damaged or of another schema.
    """
    document = read_document(path)
    if document.get("schema") != SCHEMA:
        raise RecordError(f"{path} has the schema {document.get('schema')}, not {SCHEMA}", "measure again")
    try:
        return {name: rebuilt(kind, entry) for name, entry in document["results"].items()}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RecordError(f"{path} is no whole record ({error})", "measure again") from error
