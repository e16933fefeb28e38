"""What GPUs have been seen so far."""

from __future__ import annotations

import json
from pathlib import Path

from training.report.page import paragraph

RECORDS = Path(__file__).parents[2] / "bench" / "results"


def section() -> str:
    """Say which devices have records, or that none has."""
    devices = sorted(
        {
            row["device"]
            for path in RECORDS.glob("gpu*.json")
            for row in json.loads(path.read_text(encoding="utf-8"))["rows"]
            if row.get("device")
        }
    )
    if devices:
        return paragraph(f"Recorded in `bench/results`: {', '.join(devices)}.")
    return paragraph("""None was at hand when this was written, so there is no record of one. `onnx-gpu` asks the
        session where each node runs and refuses a file if one that touches pictures would run elsewhere; its binding of
        memory and its reading of placements are tested on the CPU as the device. `bench/README.md` says how to record
        one.""")
