"""Figures of ``docs/pareto.md``: accuracy against parameters, bytes and µs of all networks in the zoo."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter

from bench.files_command import BESIDE
from bench.recording import RESULTS, SCHEMA
from digit_infer.zoo import models
from digit_infer.zoo.manifest import ZooFile, ZooModel
from export.drawing import PUBLISHED, VALIDATION, figure
from export.errors import ExportError
from export.stored import stored_document
from pages.render import render

SHIPPED = RESULTS / "shipped.json"

COSTS: Mapping[str, str] = {
    "parameters": "parameters",
    "exact bytes": "bytes, float32 ONNX",
    "small bytes": "bytes, int8 TFLite",
    "exact µs": "µs, float32 ONNX",
    "small µs": "µs, int8 TFLite",
}

_CUT = 0.97
"""Networks below this accuracy are not in the picture, where they would compress the axis."""


@dataclass(frozen=True)
class Network:
    """A network: accuracy (the mean over seeds) and costs, as in ``COSTS``."""

    name: str
    ours: bool
    accuracy: float
    seeds: int
    costs: Mapping[str, float]


def networks() -> list[Network]:
    """Return every network in the zoo, most accurate first; raises ``ExportError``: times are missing or stale."""
    timed = _shipped()["files"]
    found = (_network(model, {name: entry["p50_us"] for name, entry in timed.items()}) for model in models().values())
    return sorted(found, key=lambda one: (-one.accuracy, one.name))


def front(found: Sequence[Network], cost: str) -> set[str]:
    """Return the Pareto-optimal networks: no other has the same accuracy at no higher cost."""
    best: set[str] = set()
    reached = 0.0
    for network in sorted(found, key=lambda one: (one.costs[cost], -one.accuracy)):
        if network.accuracy > reached:
            best.add(network.name)
            reached = network.accuracy
    return best


def pareto_page() -> str:
    """Return the page; raises ``ExportError``: times are missing, or of other files."""
    found = networks()
    return render(
        "pareto",
        networks=found,
        costs=COSTS,
        fronts={cost: front(found, cost) for cost in COSTS},
        beside=BESIDE,
        pairs=_shipped()["results"],
        alone={network.name: network.costs["exact µs"] for network in found},
    )


def _shipped() -> dict[str, Any]:
    """Read the times of all bundled files, and the pairs of our networks with a published one."""
    files = [file for model in models().values() for file in model.files]
    return timed(SHIPPED, "files", files, "python -m bench shipped")


def timed(path: Path, key: str, files: Iterable[ZooFile], again: str) -> dict[str, Any]:
    """Read a record that has the times of ``files`` under ``key``; raises ``ExportError``: it has those of other files."""
    with stored_document(path, SCHEMA, again) as document:
        stale = [file.file for file in files if document[key].get(file.file, {}).get("sha256") != file.sha256]
    if stale:
        raise ExportError(f"{path} has no times of {', '.join(stale[:3])} as they are now", again)
    return document


def _network(model: ZooModel, p50_us: Mapping[str, float]) -> Network:
    files = {(file.format, file.precision): file for file in model.files}
    exact, small = files["onnx", "float32"], files["tflite", "int8"]
    by_seed = model.training.accuracy_by_seed
    costs = (model.parameters, exact.bytes, small.bytes, p50_us[exact.file], p50_us[small.file])
    return Network(model.name, model.is_ours, statistics.fmean(by_seed), len(by_seed), dict(zip(COSTS, costs, strict=True)))


def pareto_picture() -> Figure:
    """Draw error rates against parameters, bytes and µs of the float32 files, with each Pareto front."""
    found = [network for network in networks() if network.accuracy >= _CUT]
    drawn = figure(10, 4.2)
    panels = ("parameters", "exact bytes", "exact µs")
    for axes, cost in zip(drawn.subplots(1, len(panels), sharey=True), panels, strict=True):
        _panel(axes, found, cost)
        axes.set_xlabel(COSTS[cost])
    drawn.axes[0].set_ylabel("wrong answers, %")
    drawn.axes[0].yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    drawn.axes[0].yaxis.set_major_formatter(FormatStrFormatter("%g"))
    drawn.axes[0].yaxis.set_minor_formatter(NullFormatter())
    return drawn


def _panel(axes: Axes, found: Sequence[Network], cost: str) -> None:
    best, places = front(found, cost), {one.name: (one.costs[cost], 100 * (1 - one.accuracy)) for one in found}
    axes.step(*zip(*sorted(places[name] for name in best), strict=True), where="post", color=VALIDATION, linewidth=1)
    for network in found:
        marker, colour = ("D", VALIDATION) if network.ours else ("o", PUBLISHED)
        axes.plot(*places[network.name], marker=marker, markersize=5, color=colour)
        if network.name in best:
            axes.annotate(network.name, places[network.name], (4, 4), textcoords="offset points", fontsize=7)
    axes.set_xscale("log")
    axes.set_yscale("log")
    if axes.get_xlim()[1] < 100 * axes.get_xlim()[0]:  # too few powers of ten
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(FormatStrFormatter("%g"))
    axes.xaxis.set_minor_formatter(NullFormatter())
