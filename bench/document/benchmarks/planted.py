"""Whether ``digit-infer bench compare`` finds a slowdown that was planted, and says nothing where there is none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.document.benchmarks.wording import verdict
from digit_infer.benchmark.comparison.run import JUDGED
from digit_infer.benchmark.record_file import read_document
from training.report.page import paragraph, table

FOUND = 0.95
WRONGED = 0.05
_FAIL = "FAIL"


def section(path: Path) -> Iterator[str]:
    """Return text and a table."""
    document = read_document(path)
    results: Mapping[str, Mapping[str, dict[str, int]]] = document["results"]
    yield paragraph(f"""Runs of {document["rounds"]} fresh processes and {document["seconds"]:g} seconds a network follow
        one another, as they are and with a runtime made slower by {100 * (document["factor"] - 1):.0f} %, A B A B … A:
        each call really takes so much longer. `digit-infer bench compare` judges by each A the slowed run behind it
        and the next A.""")
    yield table(
        ["what", "trials:", "slowed down", "the same again"],
        ([name, str(entry["trials"]), _told(entry["slowed"]), _told(entry["same"])] for name, entry in results.items()),
    )
    judged = {name: entry for name, entry in results.items() if name.rpartition(", ")[2] in JUDGED}
    found, wronged = (
        {name: entry[of].get(_FAIL, 0) / sum(entry[of].values()) for name, entry in among.items()}
        for of, among in (("slowed", judged), ("same", results))
    )
    missed = {name: f"{100 * share:.0f} %" for name, share in found.items() if share < FOUND}
    accused = {name: f"{100 * share:.0f} %" for name, share in wronged.items() if share > WRONGED}
    yield " ".join(
        [
            verdict(f"The slowdown is found in at least {100 * FOUND:.0f} % of the trials", found, missed),
            verdict(f"The same thing is called {_FAIL} in at most {100 * WRONGED:.0f} %", wronged, accused),
            "p90 is judged only on request, and held to the second alone: it moves with the load of other users.",
        ]
    )


def _told(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {word}" for word, number in sorted(counts.items()))
