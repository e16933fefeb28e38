"""How long one picture takes on each file, as ``python -m bench exports`` recorded it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from digit_infer.errors import ExportError
from export.report import Refusal, Report

PATH = Path(__file__).parents[2] / "bench" / "results" / "exports.json"


@dataclass(frozen=True)
class Times:
    """Medians in µs at batch 1 with one thread, by file, and where they were measured."""

    p50_us: Mapping[str, float]
    rounds: int
    environment: Mapping[str, str]


def read_times(networks: Mapping[str, Sequence[Report | Refusal]]) -> Times:
    """Read the recorded times of these files.

    Raises:
        ExportError: there are none, or they are of other files than the proofs.
    """
    try:
        document: dict[str, Any] = json.loads(PATH.read_text(encoding="utf-8"))
        timed = document["results"]
        wanted = [report.file for reports in networks.values() for report in reports if isinstance(report, Report)]
        stale = [file.file for file in wanted if timed.get(file.file, {}).get("sha256") != file.sha256]
        p50 = {file: entry["p50_us"] for file, entry in timed.items()}
        times = Times(p50, document["rounds"], document["environment"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ExportError(f"{PATH} holds no times ({error!r})", "python -m bench exports") from error
    if stale:
        raise ExportError(f"{PATH} has no times of {', '.join(stale[:3])} as they are now", "python -m bench exports")
    return times
