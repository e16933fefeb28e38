"""Writes and reads what commands of this package store as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from digit_infer.benchmark.environment import environment
from digit_infer.files import write_text
from digit_infer.zoo import models
from export.errors import ExportError


@contextmanager
def stored_document(path: Path, schema: int, how_to_make: str) -> Iterator[dict[str, Any]]:
    """Yield a stored JSON document; any error in reading it, here or in the body of the ``with``, is an ``ExportError``.

    Raises:
        ExportError: there is no such file, it is damaged, or of another schema.
    """
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] != schema:
            raise ValueError(f"schema {document['schema']}, not {schema}")
        yield document
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ExportError(f"{path} does not hold what it should ({error!r})", how_to_make) from error


def store_models(
    path: Path,
    schema: int,
    key: str,
    measured: dict[str, Any] | list[Any],
    model_of: Callable[[Any], str],
    only: Collection[str],
    how_to_make: str,
    versions: Mapping[str, str] | None = None,
    beside: Mapping[str, Any] | None = None,
) -> None:
    """Write a record of all models, with the fields ``beside``, or replace the models ``only`` in an existing one.

    ``measured`` is what the record has under ``key``: a list of items or a dictionary; ``model_of`` returns the model of
    an item. The models keep the order of the zoo. A record's environment is that of its first run; ``later`` lists the runs
    after it: each environment, with ``versions`` of further packages, and the models that were measured then.

    Raises:
        ExportError: there is no record yet, it is damaged, or nothing was measured of one of the models.
    """
    if not only:
        store_measured(path, schema, {**(beside or {}), key: measured}, versions)
        return
    added = list(measured.items()) if isinstance(measured, dict) else measured
    missing = set(only) - {model_of(item) for item in added}
    if missing:
        raise ExportError(f"nothing was measured of {', '.join(sorted(missing))}", "name models that are there")
    with stored_document(path, schema, how_to_make) as document:
        before = document[key]
        items = list(before.items()) if isinstance(before, dict) else before
        kept = [item for item in items if model_of(item) not in only]
        runs = [run | {"models": [name for name in run["models"] if name not in only]} for run in document.get("later", [])]
    order = list(models())
    together = sorted([*kept, *added], key=lambda item: order.index(model_of(item)))
    document[key] = dict(together) if isinstance(before, dict) else together
    now = {"environment": environment() | dict(versions or {}), "models": list(only)}
    document["later"] = [*(run for run in runs if run["models"]), now]
    write_text(path, json.dumps(document, indent=1) + "\n")


def measured_later(document: dict[str, Any]) -> str:
    """Return in words which models of a record were measured after its first run, and on which machine; "" if none."""
    words = [f"{' and '.join(run['models'])} later, on {run['environment']['cpu']}" for run in document.get("later", [])]
    return f" Of another run: {'; '.join(words)}." if words else ""


def store_measured(path: Path, schema: int, measured: dict[str, Any], versions: Mapping[str, str] | None = None) -> None:
    """Write measurements, with the machine and the versions of further packages."""
    place = environment() | dict(versions or {})
    write_text(path, json.dumps({"schema": schema, "environment": place, **measured}, indent=1) + "\n")
