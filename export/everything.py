"""Rebuilds every network's files from the checkpoints: several networks at a time, each in its own process."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from digit_infer.files import write_text
from digit_infer.zoo import models
from export.report import Refusal, Report, file_name, path_of, read_report, report_of, text_of
from export.stored import stored_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from export.pairs import Pair

RESULTS = Path(__file__).parent / "results"
SCHEMA = 1


def make_all(names: Sequence[str], pairs: Sequence[Pair], folder: Path, jobs: int) -> Iterator[tuple[str, str | None]]:
    """Export these rows into ``folder``, in the formats and precisions of ``pairs``.

    Yield each name as it ends, with the error if files are missing. Each runs in its own process, since converters keep
    state. Existing files are kept, so that a run that was killed continues.
    """
    with ThreadPoolExecutor(jobs) as workers:
        waiting = {workers.submit(_make, name, pairs, folder): name for name in names}
        for done in as_completed(waiting):
            name = waiting[done]
            missing = [pair for pair in pairs if not path_of(folder, file_name(name, *pair)).exists()]
            yield name, done.result() if missing else None


def _make(name: str, pairs: Sequence[Pair], folder: Path) -> str:
    """Run one export, and return the last line of its standard error."""
    command = [sys.executable, "-m", "export", name, "--resume", "--out", str(folder)]
    command += ["--format", *dict.fromkeys(model_format for model_format, _ in pairs)]
    command += ["--precision", *dict.fromkeys(precision for _, precision in pairs)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # our own command
    return (ended.stderr.strip().splitlines() or [f"python -m export {name} ended with {ended.returncode}"])[-1]


def reports_in(folder: Path, name: str, pairs: Sequence[Pair]) -> list[Report | Refusal]:
    """Read the reports of an export.

    Raises:
        ExportError: a report is missing or damaged.
    """
    return [read_report(path_of(folder, file_name(name, *pair))) for pair in pairs]


def record(name: str, reports: Sequence[Report | Refusal]) -> None:
    """Store the reports of one row in the repository, for the documentation; unchanged ones are not written.

    The fingerprints are left out, since they change with every change of the code.
    """
    path = RESULTS / f"{name}.json"
    kept = [json.loads(text_of(replace(report, inputs=""))) for report in reports]
    text = json.dumps({"schema": SCHEMA, "reports": kept}, indent=1) + "\n"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)


def recorded() -> dict[str, list[Report | Refusal]]:
    """Return the reports of every model of the zoo, in its order.

    Raises:
        ExportError: those of a model are missing or damaged.
    """
    return {name: _recorded(RESULTS / f"{name}.json") for name in models()}


def _recorded(path: Path) -> list[Report | Refusal]:
    with stored_document(path, SCHEMA, "python -m export --all") as document:
        return [report_of(entry) for entry in document["reports"]]
