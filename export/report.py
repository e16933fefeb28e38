"""The report on one file: its verification, and its answers under noise and on other kernels; stored as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from digit_infer.benchmark.record import rebuilt
from digit_infer.contract import Format, Precision
from digit_infer.zoo.manifest import Accuracy, ZooFile
from export.agreement import Agreement
from export.noise import Noise
from export.own_pictures import OwnParity
from export.stored import stored_document

SCHEMA = 2


@dataclass(frozen=True)
class Report:
    """The report on a written file.

    ``trained`` and ``noise_of_trained`` are of the Keras model that it was made from; ``quantized`` says in words what is
    quantized, ``own_pictures`` how it answers the user's own pictures, if there are any; ``inputs`` is the fingerprint of
    everything that the file depends on.
    """

    model: str
    file: ZooFile
    trained: Accuracy
    calibration: str
    quantized: str
    noise: Noise
    noise_of_trained: Noise
    agreements: tuple[Agreement, ...]
    own_pictures: OwnParity | None
    inputs: str


@dataclass(frozen=True)
class Refusal:
    """A file that is not written, and why."""

    model: str
    format: Format
    precision: Precision
    reason: str
    inputs: str


def file_name(name: str, model_format: Format, precision: Precision) -> str:
    """Return the name of a file."""
    return f"{name}.{precision}.{model_format}"


def path_of(folder: Path, file: str) -> Path:
    """Return the path of the report on a file: beside it."""
    return folder / f"{file}.parity.json"


def text_of(report: Report | Refusal) -> str:
    """Return the stored JSON of a report."""
    kind = "proven" if isinstance(report, Report) else "refused"
    return json.dumps({"schema": SCHEMA, "kind": kind, **asdict(report)}, indent=1) + "\n"


def read_report(path: Path) -> Report | Refusal:
    """Read a stored report.

    Raises:
        ExportError: there is none, or it is damaged.
    """
    with stored_document(path, SCHEMA, "export the model again") as document:
        return report_of(document)


def report_of(document: dict[str, Any]) -> Report | Refusal:
    """Turn what was read as JSON back into a report.

    Raises:
        ValueError, KeyError, TypeError: it is no report.
    """
    fields = dict(document)
    if fields.pop("schema") != SCHEMA:
        raise ValueError(f"schema {document['schema']}, not {SCHEMA}")
    return rebuilt(Refusal, fields) if fields.pop("kind") == "refused" else rebuilt(Report, fields)
