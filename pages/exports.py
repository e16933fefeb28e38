"""Figures of ``docs/exports.md``: every network in every format and precision."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import median
from typing import Any

from bench.agreement import Agreement
from bench.answering import every_file
from bench.lean_graphs import OURS, Comparison, comparisons
from bench.lean_graphs import other_runs as lean_later
from bench.recording import RESULTS, SCHEMA
from digit_infer.zoo import models
from export.calibration import SEED, SIZE
from export.everything import recorded
from export.pairs import ALL, FORMATS, NOT_MADE, Pair
from export.records.calibration import read_study
from export.records.microcontrollers import read_tflm_results
from export.records.quantization import other_runs as quantized_later
from export.records.quantization import read_record
from export.records.tflite_choices import SHIPPED, read_choices
from export.report import Refusal, Report
from export.stored import measured_later, stored_document
from pages.pareto import timed
from pages.render import render

GOOD = 0.97
"""The bar on lost accuracy applies to networks above this accuracy; below, a flip gains as often as it loses."""

LARGE = 50_000
"""Above this number of parameters, an int8 file must have at most 0.3 of the size."""

_TIMES = RESULTS / "exports.json"


@dataclass(frozen=True)
class Exported:
    """Records of one network's files."""

    name: str
    parameters: int
    by_pair: Mapping[Pair, Report | Refusal]

    @property
    def proven(self) -> Mapping[Pair, Report]:
        """Reports of the files that were written."""
        return {pair: one for pair, one in self.by_pair.items() if isinstance(one, Report)}

    @property
    def trained(self) -> float:
        """Accuracy of the exported network."""
        return next(report.trained.share for report in self.proven.values())


def networks() -> list[Exported]:
    """Return the records of every network in the zoo; raises ``ExportError``: a record is missing or damaged."""
    found = recorded()
    return [Exported(name, of.parameters, dict(zip(ALL, found[name], strict=True))) for name, of in models().items()]


def loss(report: Report) -> float:
    """Return the loss of accuracy by an export in percentage points, negative for a gain."""
    return 100 * (report.trained.share - report.file.parity.accuracy.share)


def exports_page() -> str:
    """Return the page; raises ``ExportError``: a record is missing, or of other files."""
    found = networks()
    good = [network for network in found if network.trained > GOOD]
    return render(
        "exports",
        networks=found,
        pairs=ALL,
        formats=FORMATS,
        not_made=NOT_MADE,
        loss=loss,
        refusal=lambda report: isinstance(report, Refusal),
        times=_times(found),
        good=GOOD,
        large=LARGE,
        integers=_integers(good),
        sizes=_sizes(found),
        gpus=_gpus(),
        **_quantized(),
        **_calibrated(),
        **_lean(),
        microcontrollers=read_tflm_results(),
        browser=_elsewhere("browser"),
        arm=_elsewhere("arm"),
    )


def _times(found: Sequence[Exported]) -> dict[str, Any]:
    files = [report.file for network in found for report in network.proven.values()]
    document = timed(_TIMES, "results", files, "python -m bench exports exports")
    p50 = {file: entry["p50_us"] for file, entry in document["results"].items()}
    return document | {"p50_us": p50, "later": measured_later(document)}


def _integers(good: Sequence[Exported]) -> list[dict[str, Any]]:
    """Return the median and largest loss of accuracy over the good networks, for each integer precision."""
    lines = []
    for pair in sorted(pair for pair in ALL if "int" in pair[1]):
        losses = {network.name: loss(network.proven[pair]) for network in good if pair in network.proven}
        refused = [network.name for network in good if isinstance(network.by_pair[pair], Refusal)]
        lines.append({"pair": pair, **_median_and_worst(losses), "refused": refused})
    return lines


def _sizes(found: Sequence[Exported]) -> list[dict[str, Any]]:
    """Return the sizes of full-integer files relative to float32, over the large networks."""
    lines = []
    for model_format in FORMATS:
        shares = {
            network.name: network.proven[model_format, "int8"].file.bytes
            / network.proven[model_format, "float32"].file.bytes
            for network in found
            if network.parameters > LARGE and (model_format, "int8") in network.proven
        }
        lines.append({"format": model_format, **_median_and_worst(shares)})
    return lines


def _median_and_worst(values: Mapping[str, float]) -> dict[str, Any]:
    worst = max(values, key=lambda name: values[name])
    return {"count": len(values), "median": median(values.values()), "largest": values[worst], "worst": worst}


def _quantized() -> dict[str, Any]:
    onnx = {name: {one.choice: one for one in some} for name, some in groupby(read_record(), lambda one: one.model)}
    return {
        "onnx": onnx,
        "onnx_choices": list(dict.fromkeys(choice for entries in onnx.values() for choice in entries)),
        "onnx_later": quantized_later(),
        "tflite": {name: list(some) for name, some in groupby(read_choices(), lambda one: one.model)},
        "tflite_shipped": SHIPPED,
    }


def _calibrated() -> dict[str, Any]:
    study = read_study()
    methods = list(dict.fromkeys(file.method for file in study.files))
    files = sorted(study.files, key=lambda file: (methods.index(file.method), file.size, file.seed))
    lines = {setting: list(some) for setting, some in groupby(files, lambda file: (file.method, file.size))}
    return {"study": study, "calibrations": lines, "default_size": SIZE, "default_seed": SEED}


def _lean() -> dict[str, Any]:
    graphs: dict[str, dict[str, Comparison]] = {}
    for entry in comparisons():
        graphs.setdefault(entry.model, {})[entry.by] = entry
    ours = {name: entries[OURS] for name, entries in graphs.items()}
    return {
        "graphs": graphs,
        "ours": ours,
        "optimisers": list(next(iter(graphs.values()))),
        "lean_later": lean_later(),
        "lean_ratio": median(entry.times.ratio for entry in ours.values()),
        "slower": [name for name, entry in ours.items() if entry.times.ratio > 1],
        "undecided": [name for name, entry in ours.items() if entry.times.ratio_high > 1],
        "beaten": [
            f"{name} ({by})"
            for name, entries in graphs.items()
            for by, entry in entries.items()
            if by != OURS and entry.times.ratio_high < entries[OURS].times.ratio_low
        ],
    }


def _elsewhere(name: str) -> dict[str, Any] | None:
    """Return how the files of the wheel answer in a browser or on ARM, or None where nothing is recorded."""
    path = RESULTS / f"{name}.json"
    if not path.exists():
        return None
    with stored_document(path, SCHEMA, f"python -m bench {name}") as document:
        found = [Agreement(**entry) for entry in document["results"]]
        shipped = {file.path.name: file.sha256 for file in every_file()}
        return {
            **document,
            "found": found,
            "files": {file: list(some) for file, some in groupby(found, lambda entry: entry.file)},
            "runtimes": sorted({entry.runtime for entry in found}),
            "differ": [entry for entry in found if entry.correct is not None and entry.flips],
            "outside": [entry for entry in found if entry.outside],
            "missing": sorted(set(shipped.items()) - {(entry.file, entry.sha256) for entry in found}),
        }


def _gpus() -> list[str]:
    """Return the GPUs in the records."""
    documents = (json.loads(path.read_text(encoding="utf-8")) for path in RESULTS.glob("gpu*.json"))
    return sorted({row["device"] for document in documents for row in document["rows"] if row.get("device")})
