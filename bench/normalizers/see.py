"""Runs inside an environment: predicts pictures, and times each from file to digit.

``python -m bench.normalizers.see RECIPE MODEL LIST OUT.json``: LIST has one path a line; OUT gets ``answers``, the digits
or -1, and ``us``, the processor time of each in µs over all threads and child processes.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from bench.normalizers import answers as recipes


def see(recipe: str, model: str, listed: Path, out: Path) -> None:
    """Predict every picture of a list."""
    answer = getattr(recipes, recipe)(model)
    paths = [Path(line) for line in listed.read_text(encoding="utf-8").splitlines()]
    for path in paths[:3]:  # warm-up
        answer(path)
    answers, times = [], []
    for path in paths:
        start = _processor_us()
        answers.append(answer(path))
        times.append(_processor_us() - start)
    out.write_text(json.dumps({"answers": answers, "us": times}), encoding="utf-8")


def _processor_us() -> float:
    """Return the processor time of this process and its finished children, so that no recipe hides work in them."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return 1e6 * sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    see(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
