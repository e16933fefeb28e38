"""Figures of ``docs/normalizer.md``: the picture path from a file to 28 × 28, and its accuracy compared with others."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from bench.normalizers.command import RECORD
from bench.normalizers.command import SCHEMA as RECORD_SCHEMA
from bench.normalizers.recipes import OURS
from bench.picture_path import STAGES
from bench.recording import RESULTS, SCHEMA
from bench.robustness.command import REAL_PICTURES
from bench.robustness.command import SCHEMA as REAL_SCHEMA
from bench.robustness.real_pictures import Kind, in_all, mean_share
from digit_infer.recognition.judge import SURE
from export.stored import stored_document
from pages.render import render

RULES = RESULTS / "normalizers_rules.json"
"""Accuracy of the rules that the ink network replaced, recorded at commit b7ae44c."""

TIMES = RESULTS / "picture_path.json"
AGAIN = "python -m bench normalizers FOLDER"

_Record = Mapping[str, Any]


def normalizer_page() -> str:
    """Return the page; raises ``ExportError``: a record is missing."""
    rules = json.loads(RULES.read_text(encoding="utf-8"))
    with (
        stored_document(RECORD, RECORD_SCHEMA, AGAIN) as stored,
        stored_document(REAL_PICTURES, REAL_SCHEMA, "python -m bench real-pictures FOLDER") as real,
        stored_document(TIMES, SCHEMA, "python -m bench picture-path") as times,
    ):
        return page(stored, rules, real, times)


def page(stored: _Record, rules: _Record, real: _Record, times: _Record) -> str:
    """Return the page from records."""
    return render(
        "normalizer",
        model=stored["model"],
        again=AGAIN,
        folders=_folders(real["folders"], stored["model"]),
        recipes={name: stored["drawn"][name]["written"] for name in stored["drawn"]},
        medians=[entry["median_us"] for entry in stored["drawn"].values()],
        each=next(iter(stored["drawn"][OURS.name]["pictures"].values())),
        labelled={name: sum(of[OURS.name]["pictures"].values()) for name, of in stored["real"].items()},
        lines=list(_lines(stored, rules)),
        stages=STAGES,
        sure=SURE,
        times=times,
        libraries=stored["libraries"],
    )


def _folders(folders: _Record, model: str) -> list[dict[str, Any]]:
    """Return the results on real pictures by folder, for predict and read."""
    found = []
    for name, folder in folders.items():
        measured = folder["models"][model]
        asked = {}
        for ask in ("predict", "read"):
            kinds = {kind: Kind(**counts) for kind, counts in measured[ask].items()}
            if kinds:
                worst = min(kinds, key=lambda kind: kinds[kind].share)
                shares = {"mean": mean_share(kinds), "worst": worst, "least": kinds[worst].share}
                asked[ask] = {"kinds": len(kinds), "all": in_all(kinds), **shares}
        found.append({"name": name, "asked": asked, **measured})
    return found


def _lines(stored: _Record, rules: _Record) -> Iterator[tuple[str, list[float], float | None, bool]]:
    """Yield a kind, the share of right answers by recipe, that of the former rules, and whether it is a total."""
    groups = [("", "all drawn", stored["drawn"], rules["drawn"][OURS.name])]
    groups.append(("", "all kinds that training never imitates", stored["unseen"], None))
    known = rules["real"][OURS.name]
    for name, of in stored["real"].items():
        is_same = of[OURS.name]["pictures"] == known["pictures"]
        groups.append((f"{name}, ", f"all of {name}", of, known if is_same else None))
    for folder, words, entries, before in groups:
        for kind in (*entries[OURS.name]["pictures"], None):
            shares = [_share(entries[name], kind) for name in stored["drawn"]]
            what = words if kind is None else folder + kind.replace("_", " ")
            yield what, shares, None if before is None else _share(before, kind), kind is None


def _share(entry: _Record, kind: str | None) -> float:
    """Return the share of right answers of one kind, or of all."""
    right, pictures = (entry[part] if kind is None else {kind: entry[part][kind]} for part in ("right", "pictures"))
    return float(sum(right.values()) / sum(pictures.values()))
