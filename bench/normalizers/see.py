"""Inside an environment: answers pictures, and times each from its file to its digit.

``python -m bench.normalizers.see RECIPE MODEL LIST OUT.json``; LIST names a picture a line, and OUT holds ``answers``, the
digit of each or -1, and ``us``, its processor time in µs, over all threads and processes that it took.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from bench.normalizers.recipes import RECIPES


def see(recipe: str, model: str, listed: Path, out: Path) -> None:
    """Answer every picture of a list."""
    answer = RECIPES[recipe].load(model)
    paths = [Path(line) for line in listed.read_text(encoding="utf-8").splitlines()]
    for path in paths[:3]:  # what waits for the first call
        answer(path)
    answers, times = [], []
    for path in paths:
        start = _processor_us()
        answers.append(answer(path))
        times.append(_processor_us() - start)
    out.write_text(json.dumps({"answers": answers, "us": times}), encoding="utf-8")


def _processor_us() -> float:
    """Return the processor time of this process and of those that it waited for, so that no recipe hides in others."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return 1e6 * sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    see(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
