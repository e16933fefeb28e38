"""How long one picture takes on each file, as ``python -m bench exports`` recorded it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from export.errors import ExportError
from export.report import Refusal, Report
from export.stored import measured_later, stored_document

SCHEMA = 1
PATH = Path(__file__).parents[2] / "bench" / "results" / "exports.json"


@dataclass(frozen=True)
class Times:
    """Medians in µs at batch 1 with one thread, by file, and where they were measured; ``later`` says which elsewhere."""

    p50_us: Mapping[str, float]
    rounds: int
    environment: Mapping[str, str]
    later: str


def read_times(networks: Mapping[str, Sequence[Report | Refusal]]) -> Times:
    """Read the recorded times of these files.

    Raises:
        ExportError: there are none, or they are of other files than the proofs.
    """
    with stored_document(PATH, SCHEMA, "python -m bench exports exports") as document:
        timed = document["results"]
        wanted = [report.file for reports in networks.values() for report in reports if isinstance(report, Report)]
        stale = [file.file for file in wanted if timed.get(file.file, {}).get("sha256") != file.sha256]
        p50 = {file: entry["p50_us"] for file, entry in timed.items()}
        times = Times(p50, document["rounds"], document["environment"], measured_later(document))
    if stale:
        raise ExportError(
            f"{PATH} has no times of {', '.join(stale[:3])} as they are now", "python -m bench exports exports"
        )
    return times
