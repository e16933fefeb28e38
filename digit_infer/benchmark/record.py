"""The record of a benchmark: all measurements, without what ``summary`` can compute, and its JSON file.

Names of times end in their unit; ``start_s`` counts from the start of the run. Files are read back by the type hints.
"""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, Union

from digit_infer.benchmark.configuration import Configuration, Scenario
from digit_infer.benchmark.statistics import Histogram
from digit_infer.contract import Format, Precision
from digit_infer.errors import RecordError
from digit_infer.files import irregular
from digit_infer.zoo.manifest import Accuracy


@dataclass(frozen=True)
class Settings:
    """The settings of a run, without its configurations; see the options of ``digit-infer bench``."""

    seconds: float
    rounds: int
    seed: int
    scenarios: tuple[Scenario, ...]
    percentile: float
    width: float | None
    pause_ms: float
    interleaved: bool
    rate: float | None
    bound_ms: float | None


@dataclass(frozen=True)
class Machine:
    """The machine's limits, measured in the same run.

    ``clock_step_ns`` is the resolution of the clock and ``clock_read_ns`` the time of reading it; ``matrix_product_gflops``
    has the float32 matrix product by number of threads (as text, for JSON); ``anchor_us`` has every time of the anchor
    workload, in the order of the run.
    """

    clock_step_ns: float
    clock_read_ns: float
    matrix_product_gflops: Mapping[str, float]
    anchor_us: tuple[float, ...]


@dataclass(frozen=True)
class Artefact:
    """What ran: the file, and what the runtime used.

    ``placement`` is the number of nodes by execution provider and operator. It and ``device`` are None where the runtime
    does not report them; ``parameters`` and ``multiply_adds`` (of one image) are None where they are unknown. ``note``
    is what was assumed of a file of the user's own.
    """

    file: str | None
    format: Format | None
    precision: Precision | None
    bytes: int
    sha256: str | None
    parameters: int | None
    multiply_adds: int | None
    provider: str
    device: str | None
    placement: Mapping[str, Mapping[str, int]] | None
    threads: int | None
    note: str = ""


@dataclass(frozen=True)
class WarmUp:
    """The queries and seconds until three medians in a row agreed; not ``stable`` if they never did."""

    queries: int
    seconds: float
    stable: bool


@dataclass(frozen=True)
class Block:
    """A block of queries, and the anchor workload around it, in µs.

    ``p50_us`` is the median of the queries; where only the block was timed (offline), their mean.
    """

    start_s: float
    seconds: float
    queries: int
    images: int
    p50_us: float
    anchor_us: float


@dataclass(frozen=True)
class Stream:
    """Queries one after another, each timed: single-stream or multi-stream."""

    scenario: Scenario
    warm_up: WarmUp
    blocks: tuple[Block, ...]
    latencies: Histogram


@dataclass(frozen=True)
class Offline:
    """All images at once, in batches: only whole blocks are timed, so that no clock is read between two batches."""

    warm_up: WarmUp
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Server:
    """Queries of one image that arrive at random (Poisson) at ``rate`` per second; latencies count from the arrival.

    Where a rate was searched for, ``bound_us`` is the limit of the p99, and ``tried`` has each rate and whether it kept it.
    """

    rate: float
    seconds: float
    latencies: Histogram
    bound_us: float | None
    tried: tuple[tuple[float, bool], ...]


@dataclass(frozen=True)
class Stages:
    """The times from picture files to digits, one at a time: decoding, normalising, inference, and all three."""

    pictures: str
    decode: Histogram
    normalize: Histogram
    infer: Histogram
    total: Histogram


@dataclass(frozen=True)
class Process:
    """One fresh process, with its ``position`` in the shuffled order.

    ``cold_ms`` is the time from its start to its first answer, ``load_ms`` that of opening the model, ``first_us`` that of
    the first answer. ``peak_memory_bytes`` is the peak resident memory, or None where the system does not report it.
    Scenarios that were not measured are None.
    """

    position: int
    start_s: float
    cold_ms: float
    load_ms: float
    first_us: float
    peak_memory_bytes: int | None
    stream: Stream | None
    offline: Offline | None
    server: Server | None
    stages: Stages | None


@dataclass(frozen=True)
class Row:
    """The measurements of one configuration.

    Accuracy is over the 10,000 test images; ``flips`` counts digits that differ from those of the model's float32 file,
    None where no such file runs here.
    """

    configuration: Configuration
    artefact: Artefact
    accuracy: Accuracy | None
    flips: int | None
    processes: tuple[Process, ...]

    def blocks(self) -> list[Block]:
        """Return the blocks of all processes, of single queries and of throughput."""
        parts = [part for process in self.processes for part in (process.stream, process.offline) if part]
        return [block for part in parts for block in part.blocks]


@dataclass(frozen=True)
class Skipped:
    """A configuration that could not be measured, and why: ``broken`` where it should have worked."""

    configuration: Configuration
    reason: str
    broken: bool


@dataclass(frozen=True)
class Record:
    """One run."""

    environment: Mapping[str, str]
    settings: Settings
    machine: Machine
    rows: tuple[Row, ...]
    skipped: tuple[Skipped, ...]


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
    if hint is Any:
        return value
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
        float(_checked(isinstance(value, int | float) and not isinstance(value, bool), value, where))  # fails beyond floats
        return value  # a whole number stays one
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
