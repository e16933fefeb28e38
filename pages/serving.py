"""``docs/serving.md``: the guide, with latencies of servers from the record of ``python -m bench peers serve``."""

from __future__ import annotations

from pathlib import Path

from bench.peers.serving.compare import Served
from bench.peers.stored import read_results
from bench.recording import RESULTS
from digit_infer.benchmark.record import read_document
from pages.render import render

RECORD = RESULTS / "serving.json"


def serving_page(record: Path = RECORD) -> str:
    """Return the guide; without a record it has the commands that make one.

    Raises:
        RecordError: the record is damaged or of another schema.
        jinja2.UndefinedError: the record lacks its settings or machine.
    """
    if not record.exists():
        return render("serving", servers={})
    found = read_document(record)
    return render("serving", servers=read_results(record, Served), settings=found["settings"], machine=found["environment"])
