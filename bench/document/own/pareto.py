"""``docs/pareto.md`` and its picture: accuracy against parameters, bytes and µs, of all networks of the zoo."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter

from bench.files_command import BESIDE
from bench.recording import RESULTS, SCHEMA
from digit_infer.benchmark.statistics import three_digits
from digit_infer.contract import Format, Precision
from digit_infer.zoo import models
from digit_infer.zoo.manifest import ZooModel
from export.errors import ExportError
from export.stored import stored_document
from training.report.page import document, paragraph, table
from training.report.style import PUBLISHED, VALIDATION, figure

PICTURE = "pareto.png"
SHIPPED = RESULTS / "shipped.json"
AGAIN = "python -m bench shipped"
_EXACT: tuple[Format, Precision] = ("onnx", "float32")
_SMALL: tuple[Format, Precision] = ("tflite", "int8")
_CUT = 0.97
"""Networks below this accuracy are in the table alone: in the picture, the others would be one line."""


@dataclass(frozen=True)
class Network:
    """A network, its accuracy (the mean of its seeds) and what it costs: parameters, bytes and µs a picture."""

    name: str
    ours: bool
    accuracy: float
    seeds: int
    costs: Mapping[str, float]


COSTS: Mapping[str, str] = {
    "parameters": "parameters",
    "exact bytes": "bytes, float32 ONNX",
    "small bytes": "bytes, int8 TFLite",
    "exact µs": "µs, float32 ONNX",
    "small µs": "µs, int8 TFLite",
}


def networks() -> list[Network]:
    """Return every network of the zoo, the most accurate first.

    Raises:
        ExportError: no times are recorded, or those of other files.
    """
    return _networks(_shipped()[0])


def _networks(p50_us: Mapping[str, float]) -> list[Network]:
    return sorted((_network(model, p50_us) for model in models().values()), key=lambda one: (-one.accuracy, one.name))


def _shipped() -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Read the times of all files that ship, and the pairs of our own networks with a published one."""
    with stored_document(SHIPPED, SCHEMA, AGAIN) as stored:
        timed, pairs = stored["files"], stored["results"]
        wanted = [file for model in models().values() for file in model.files]
        stale = [file.file for file in wanted if timed.get(file.file, {}).get("sha256") != file.sha256]
    if stale:
        raise ExportError(f"{SHIPPED} has no times of {', '.join(stale[:3])} as they are now", AGAIN)
    return {name: entry["p50_us"] for name, entry in timed.items()}, pairs


def _network(model: ZooModel, p50_us: Mapping[str, float]) -> Network:
    files = {(file.format, file.precision): file for file in model.files}
    exact, small = files[_EXACT], files[_SMALL]
    by_seed = model.training.accuracy_by_seed
    costs = (model.parameters, exact.bytes, small.bytes, p50_us[exact.file], p50_us[small.file])
    return Network(model.name, model.is_ours, statistics.fmean(by_seed), len(by_seed), dict(zip(COSTS, costs, strict=True)))


def front(found: Sequence[Network], cost: str) -> set[str]:
    """Return the names of the networks that no other equals in accuracy at no higher cost."""
    best: set[str] = set()
    reached = 0.0
    for network in sorted(found, key=lambda one: (one.costs[cost], -one.accuracy)):
        if network.accuracy > reached:
            best.add(network.name)
            reached = network.accuracy
    return best


def pareto_page() -> str:
    """Return the page.

    Raises:
        ExportError: no times are recorded, or those of other files.
    """
    p50_us, pairs = _shipped()
    return document(_parts(_networks(p50_us), pairs))


def _parts(found: Sequence[Network], pairs: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    fronts = {cost: front(found, cost) for cost in COSTS}
    yield "# Accuracy, and what it costs"
    yield paragraph("""`python -m bench.document` writes this page from the zoo's manifest and the times that
        `python -m bench shipped` recorded: the median of one picture, one thread, all files in one run, in turns. Accuracy
        is the mean over a network's seeds on the 10,000 test images. **Bold** is what no other network equals in accuracy
        at no higher cost: the front.""")
    yield f"![Accuracy against parameters, bytes and µs](models/{PICTURE})"
    yield table(
        ["network", "accuracy:", "seeds:", *(f"{words}:" for words in COSTS.values())],
        [
            [
                f"**{network.name}**" if network.ours else network.name,
                f"{100 * network.accuracy:.2f} %",
                str(network.seeds),
                *(_cell(network, cost, fronts) for cost in COSTS),
            ]
            for network in found
        ],
    )
    alone = {network.name: network.costs["exact µs"] for network in found}
    yield paragraph(f"""Beside `{BESIDE}`, one picture at a time on ONNX Runtime with one thread, in pairs (median of the
        ratios of a pair's times, with its 95 % interval): {"; ".join(_beside(*pair) for pair in pairs.items())}. Asked
        were `digitnet` no slower: {_kept(pairs["digitnet"], 1)}; `digitnet_nano` in half the time: {
        _kept(pairs["digitnet_nano"], 0.5)
    }. Calls of two networks in turn find caches that the other has filled; in the table above, where each is called
        on its own, `digitnet_nano` takes × {alone["digitnet_nano"] / alone[BESIDE]:.3f} of `{BESIDE}`'s time.""")


def _beside(name: str, pairs: Mapping[str, float]) -> str:
    return (
        f"`{name}` × {pairs['ratio']:.3f} ({pairs['ratio_low']:.3f} to {pairs['ratio_high']:.3f}), "
        f"{three_digits(pairs['second_us'])} against {three_digits(pairs['first_us'])} µs, {pairs['pairs']:,} pairs"
    )


def _kept(pairs: Mapping[str, float], most: float) -> str:
    return "kept" if pairs["ratio_high"] <= most else f"not kept, × {pairs['ratio']:.3f}"


def _cell(network: Network, cost: str, fronts: Mapping[str, set[str]]) -> str:
    value = network.costs[cost]
    words = three_digits(value) if cost.endswith("µs") else f"{value:,.0f}"
    return f"**{words}**" if network.name in fronts[cost] else words


def pareto_picture() -> Figure:
    """Draw wrong answers against parameters, bytes and µs of the float32 files, with the front of each."""
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
    best = front(found, cost)
    on_front = sorted((one for one in found if one.name in best), key=lambda one: one.costs[cost])
    axes.step(
        [one.costs[cost] for one in on_front],
        [_wrong(one) for one in on_front],
        where="post",
        color=VALIDATION,
        linewidth=1,
    )
    for network in found:
        colour = VALIDATION if network.ours else PUBLISHED
        axes.plot(network.costs[cost], _wrong(network), marker="D" if network.ours else "o", markersize=5, color=colour)
        if network.name in best:
            axes.annotate(
                network.name, (network.costs[cost], _wrong(network)), (4, 4), textcoords="offset points", fontsize=7
            )
    axes.set_xscale("log")
    axes.set_yscale("log")


def _wrong(network: Network) -> float:
    return 100 * (1 - network.accuracy)
