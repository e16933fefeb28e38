"""Figures of ``docs/benchmarks.md``: its sections in order, each from one record in ``bench/results``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from bench.answering import every_file
from bench.paired import Pairs
from bench.peers.beside import Beside, name_of, over
from bench.peers.loadgen.record import BAR, LARGE_US, Agreement, Figure
from bench.peers.stored import read_results
from bench.peers.table import OURS_ONNX, OURS_TFLITE, PEERS
from bench.peers.throughput import BAR as THROUGHPUT_BAR
from bench.peers.throughput import Throughput
from bench.recording import RESULTS
from digit_infer.benchmark.comparison.runs import JUDGED
from digit_infer.benchmark.record import read_document, read_record
from digit_infer.benchmark.summary import STEADY, Summary, summaries
from digit_infer.runtimes.protocol import RuntimeName
from pages.render import render

OURS = tuple(map(name_of, (OURS_ONNX, OURS_TFLITE)))

_FIGURES: tuple[Figure, ...] = ("p50_us", "p90_us")

BROWSER_BAR, BROWSER_BAR_OF = 8, "digitnet_nano"
"""How many times the median of its own runtime a full-integer file of this network may take in a browser."""

Figures = dict[str, Any]


@dataclass(frozen=True)
class Section:
    """A section: heading, record, the command that writes the record, and the figures for its template."""

    heading: str
    record: str
    command: str
    figures: Callable[[Path], Figures]
    template: str = ""

    def text(self, results: Path) -> str:
        """Return the section, or "" without a record; raises ``RecordError``: the record is damaged."""
        path = results / self.record
        template = f"benchmarks/{self.template or path.stem}"
        return render(template, picture=f"benchmarks/{path.stem}.png", **self.figures(path)) if path.exists() else ""


def benchmarks_page(results: Path = RESULTS) -> str:
    """Return the page from a folder of records; raises ``RecordError``: a record is damaged or of another schema."""
    sections = [(section, section.text(results)) for section in SECTIONS]
    documents = {section.record: read_document(results / section.record) for section, text in sections if text}
    versions = {name: of for document in documents.values() for name, of in document.get("versions", {}).items()}
    environments = {name: document["environment"] for name, document in documents.items()}
    return render("benchmarks", sections=sections, environments=environments, versions=dict(sorted(versions.items())))


def _pairs(path: Path, parts: int = 1) -> dict[tuple[str, ...], Pairs]:
    """Return the pairs of a record, with their names split."""
    return {tuple(name.split(", ", parts - 1)): found for name, found in read_results(path, Pairs).items()}


def _overhead(path: Path) -> Figures:
    large = 1_024
    pairs = _pairs(path, 3)
    files = list(dict.fromkeys(key[:2] for key in pairs))
    added = {" on ".join(file): pairs[*file, "batch 1"].difference_us for file in files}
    return {
        "pairs": pairs,
        "files": files,
        "others": sorted({int(key[2].removeprefix("batch ")) for key in pairs} - {1}),
        "added": added,
        "large": large,
        "many": {
            " on ".join(key[:2]): 100 * (found.ratio - 1) for key, found in pairs.items() if key[2] == f"batch {large}"
        },
    }


def _peers(path: Path) -> Figures:
    found = {(entry.model, entry.name): entry for entry in read_results(path, Beside).values()}
    models = list(dict.fromkeys(model for model, _ in found))
    peers = [peer for peer in PEERS.values() if (models[0], peer.name) in found]
    compared = []
    for peer in peers:
        ours = name_of(peer.beside)
        each = [over(found[model, peer.name], found[model, ours]) for model in models]
        spreads = [
            [median(of), min(of), max(of)] for of in zip(*((one.difference_us, one.ratio) for one in each), strict=True)
        ]
        compared.append((peer, ours, *spreads))
    return {
        "found": found,
        "models": models,
        "ours": OURS,
        "peers": peers,
        "compared": compared,
        "launches": sorted({len(entry.rounds_us) for entry in found.values()}),
        "rounds": sorted({len(rounds) for entry in found.values() for rounds in entry.rounds_us}),
    }


def _loadgen(path: Path) -> Figures:
    found = list(read_results(path, Agreement).values())
    small = [entry for entry in found if not entry.is_large]
    return {
        "found": found,
        "rounds": sorted({len(entry.rounds) for entry in found}),
        "batches": sorted({entry.offline.batch for entry in found}),
        "bar": 100 * BAR,
        "large_us": LARGE_US,
        "latency": {
            f"{entry.model} on {entry.runtime}, {figure[:3]}": 100 * entry.difference(figure)
            for entry in found
            if entry.is_large
            for figure in _FIGURES
        },
        "offline": {f"{entry.model} on {entry.runtime}": 100 * entry.offline_difference() for entry in found},
        "small": small,
        "of_small": lambda measure, *of: median(getattr(entry, measure)(*of) for entry in small),
    }


def _benchmark_app(path: Path) -> Figures:
    found = list(read_results(path, Throughput).values())
    tables: dict[str, dict[str, list[Throughput]]] = {}
    for entry in sorted(found, key=lambda one: one.batch):
        tables.setdefault(entry.by, {}).setdefault(entry.model, []).append(entry)
    app = [entry for entry in found if entry.by == "benchmark_app" and entry.batch == 1]
    return {
        "found": found,
        "tables": tables,
        "bar": 100 * THROUGHPUT_BAR,
        "differences": {
            f"{entry.model} by {entry.by} at batch {entry.batch:,}": (100 * entry.difference(), entry.around_us())
            for entry in found
        },
        "fastest": max(app, key=Throughput.ours_median) if app else None,
    }


def _planted(path: Path) -> Figures:
    document = read_document(path)
    results = document["results"]
    judged = {name: entry for name, entry in results.items() if name.rpartition(", ")[2] in JUDGED}
    found, wronged = (
        {name: 100 * entry[of].get("FAIL", 0) / sum(entry[of].values()) for name, entry in among.items()}
        for of, among in (("slowed", judged), ("same", results))
    )
    return {**document, "found": found, "wronged": wronged}


def _cold_start(path: Path) -> Figures:
    pairs = read_results(path, Pairs)
    return {"pairs": pairs, "ratios": {name: found.ratio for name, found in pairs.items()}}


def _folder(path: Path) -> Figures:
    document, ours = read_document(path), "digit-infer predict --json, "
    shares = {name.removeprefix(ours): of["share"] for name, of in document["results"].items() if name.startswith(ours)}
    return {**document, "shares": shares}


def _batch_job(path: Path) -> Figures:
    document = read_document(path)
    seconds = {"seconds": document["beside"]["second_us"] / 1e6, "many_seconds": document["beside"]["first_us"] / 1e6}
    return {**document, **seconds, "rates": {"it": 1 / document["beside"]["ratio"]}}


def _defaults(path: Path) -> Figures:
    pairs = _pairs(path, 3)
    return {
        "pairs": pairs,
        "places": list(dict.fromkeys(key[:2] for key in pairs)),
        "settings": list(dict.fromkeys(key[2] for key in pairs)),
    }


def _auto(path: Path) -> Figures:
    first, second = "onnx-cpu", "keras"
    record = read_record(path)
    rates: dict[tuple[str, int], dict[tuple[str, int | None], float]] = {}
    for found in summaries(record):
        asked = found.row.configuration
        if found.images_per_second is not None:
            rates.setdefault((asked.model, asked.batch), {})[asked.runtime, asked.threads] = found.images_per_second
    columns = {column for cells in rates.values() for column in cells}
    most = max(threads or 0 for name, threads in columns if name == first)
    ratios = {
        f"{model} at {batch:,}": cells[first, most] / cells[second, None]
        for (model, batch), cells in rates.items()
        if (first, most) in cells and (second, None) in cells
    }
    return {
        "rounds": record.settings.rounds,
        "rates": rates,
        "columns": sorted(columns, key=lambda one: (one[0] != first, one[1] or 0)),
        "most": most,
        "ratios": ratios,
    }


def _networks(path: Path) -> Figures:
    record = read_record(path)
    found = summaries(record)
    systems: dict[tuple[object, ...], list[Summary]] = {}
    for summary in found:
        asked = summary.row.configuration
        systems.setdefault((asked.model, asked.runtime, asked.precision, asked.threads), []).append(summary)
    shipped = {file.sha256 for file in every_file()}
    return {
        "former": sorted(
            {one.row.artefact.file for one in found if one.row.artefact.file and one.row.artefact.sha256 not in shipped}
        ),
        "settings": record.settings,
        "batches": sorted({_batch(one) for one in found if one.images_per_second is not None}),
        "systems": [
            (min(rows, key=_batch), {_batch(one): one.images_per_second for one in rows}) for rows in systems.values()
        ],
        "steady": STEADY,
        "unsteady": [str(one.row.configuration) for one in found if not one.steady],
        "cold": [str(one.row.configuration) for one in found if not one.warmed_up],
    }


def _browser(path: Path) -> Figures:
    """Pair each file's rows in a browser with those of its own runtime, by model, precision and batch."""
    native: dict[RuntimeName, RuntimeName] = {"browser-onnx": "onnx-cpu", "browser-tflite": "tflite"}
    record = read_record(path)
    rows = {summary.row.configuration: summary for summary in summaries(record)}
    pairs = [
        (summary, rows[beside])
        for asked, summary in rows.items()
        if asked.runtime in native and (beside := replace(asked, runtime=native[asked.runtime])) in rows
    ]
    ratios = {
        here.row.configuration.what: here.latency.p50_us / there.latency.p50_us
        for here, there in pairs
        if here.latency and here.latency.p50_us and there.latency and there.latency.p50_us
        if (here.row.configuration.model, here.row.artefact.precision, _batch(here)) == (BROWSER_BAR_OF, "int8", 1)
    }
    return {"settings": record.settings, "pairs": pairs, "ratios": ratios, "bar": BROWSER_BAR}


def _batch(summary: Summary) -> int:
    return summary.row.configuration.batch


_APP = "python -m bench peers benchmark-app"
_AUTO = "digit-infer bench --runtime onnx-cpu --runtime keras --save bench/results/auto.json"
_ZOO = "digit-infer bench --model all --save bench/results/zoo.json"
_BROWSER = "digit-infer bench --runtime tflite --runtime browser-tflite --save bench/results/browser_times.json"
_GPU = "digit-infer bench --model all --runtime onnx-gpu --save bench/results/gpu.json"

SECTIONS = (
    Section("Overhead of `Predictor.predict_array`", "predict_array.json", "python -m bench overhead", _overhead),
    Section("Compared with bare calls of the runtimes", "peers.json", "python -m bench peers calls", _peers),
    Section("Agreement with MLPerf LoadGen", "loadgen.json", "python -m bench peers loadgen", _loadgen),
    Section("Agreement with benchmark_app and with bare loops", "benchmark_app.json", _APP, _benchmark_app),
    Section("Injected slowdowns", "planted.json", "python -m bench planted", _planted),
    Section("Cold start", "cold_start.json", "python -m bench cold-start", _cold_start),
    Section("A folder of pictures", "folder.json", "python -m bench folder", _folder),
    Section("Any number of pictures", "batch.json", "python -m bench batch", _batch_job),
    Section("Defaults", "defaults.json", "python -m bench defaults", _defaults),
    Section("What `auto` chooses", "auto.json", _AUTO, _auto),
    Section("Every network", "zoo.json", _ZOO, _networks, "networks"),
    Section("In a browser", "browser_times.json", _BROWSER, _browser, "browser"),
    Section("On a GPU", "gpu.json", _GPU, _networks, "networks"),
)
