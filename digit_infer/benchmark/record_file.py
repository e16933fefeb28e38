"""Records as JSON files: written from frozen dataclasses, and read back by their type hints."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, Union

from digit_infer.benchmark.record import Record
from digit_infer.errors import RecordError
from digit_infer.files import irregular

RECORD_SCHEMA = 2

_LARGEST = 256_000_000
"""Bytes of a file; records have up to a few million."""

_SHOWN = 80

T = TypeVar("T")


def as_document(record: Record) -> dict[str, Any]:
    """Return the JSON object of a record."""
    return {"schema": RECORD_SCHEMA, **asdict(record)}


def read_record(path: Path) -> Record:
    """Read a file that ``digit-infer bench --json`` wrote.

    Raises:
        RecordError: the file is missing, no such record, or of another schema.
    """
    return from_document(read_document(path), str(path))


def read_document(path: Path) -> dict[str, Any]:
    """Read a file that holds a JSON object.

    Raises:
        RecordError: the file is missing or holds no JSON object.
    """
    try:
        if (what := irregular(path)) is not None:
            raise RecordError(f"{path} is {what}", "give a regular file")
        if path.stat().st_size > _LARGEST:
            raise RecordError(f"{path} has more than {_LARGEST:,} bytes", "give what digit-infer bench --json printed")
        document = json.loads(path.read_text(encoding="utf-8"))
    except RecordError:
        raise
    except OSError as error:
        raise RecordError(f"{path} cannot be read ({error.strerror})", "check the path") from error
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{path} is no JSON ({error})", "give what digit-infer bench --json printed") from error
    if not isinstance(document, dict):
        raise RecordError(f"{path} holds no record", "give what digit-infer bench --json printed")
    return document


def from_document(document: Mapping[str, Any], name: str) -> Record:
    """Make a record of its JSON object; ``name`` is the file's, for messages.

    Raises:
        RecordError: it is no record, or of another schema.
    """
    if document.get("schema") != RECORD_SCHEMA:
        raise RecordError(
            f"{name} has the schema {document.get('schema')}, not {RECORD_SCHEMA}",
            "measure again with this version of digit-infer",
        )
    try:
        return rebuilt(Record, {key: value for key, value in document.items() if key != "schema"})
    except (TypeError, ValueError, OverflowError) as error:
        raise RecordError(f"{name} is no complete record ({error})", "measure again") from error


def rebuilt(kind: type[T], value: object) -> T:
    """Build a dataclass of a JSON object that ``dataclasses.asdict`` made of one.

    Raises:
        TypeError: a field is missing, unknown, or of another type than its hint.
    """
    found: T = _built(kind, value, kind.__name__)
    return found


def _built(hint: Any, value: Any, where: str) -> Any:
    if is_dataclass(hint):
        return _dataclass(hint, value, where)
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in inner:
            return None
        (present,) = [kind for kind in inner if kind is not type(None)]
        return _built(present, value, where)
    if origin is Literal:
        return _checked(value in inner, value, where)
    if origin is tuple:
        _checked(isinstance(value, list | tuple), value, where)
        kinds = [inner[0]] * len(value) if inner[-1] is Ellipsis else inner
        return tuple(_built(kind, entry, where) for kind, entry in zip(kinds, value, strict=True))
    if origin is not None and issubclass(origin, Mapping):
        _checked(isinstance(value, Mapping), value, where)
        return {key: _built(inner[1], entry, f"{where}.{key}") for key, entry in value.items()}
    if hint is float:
        return float(_checked(isinstance(value, int | float) and not isinstance(value, bool), value, where))
    return _checked(isinstance(value, hint) and (hint is bool or not isinstance(value, bool)), value, where)


def _dataclass(kind: Any, value: Any, where: str) -> Any:
    _checked(isinstance(value, Mapping), value, where)
    hints = typing.get_type_hints(kind)
    names = {field.name for field in fields(kind)}
    needed = {field.name for field in fields(kind) if field.default is MISSING}
    if not needed <= value.keys() <= names:
        raise TypeError(f"{where} has the fields {sorted(value)}, not {sorted(names)}")
    return kind(**{name: _built(hints[name], value[name], f"{where}.{name}") for name in value})


def _checked(sound: bool, value: Any, where: str) -> Any:  # noqa: FBT001  # a condition, as assert takes it
    if not sound:
        raise TypeError(f"{where} holds {repr(value)[:_SHOWN]}")
    return value
