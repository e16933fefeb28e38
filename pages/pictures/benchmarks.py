"""Pictures of ``docs/benchmarks.md``; their bytes are reproducible."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from bench.peers.beside import Beside
from bench.peers.loadgen.record import BAR, LARGE_US, Agreement
from bench.peers.stored import read_results
from bench.peers.table import PEERS
from digit_infer.benchmark.record import read_record
from digit_infer.benchmark.report.plots import front_of, points_of
from digit_infer.benchmark.summary import summaries
from export.drawing import GROUPS, PUBLISHED, TRAINING, VALIDATION, figure, save, styled
from pages.benchmarks import OURS

_MARKERS = "os^Dv<>"


def draw_benchmarks(results: Path, folder: Path) -> None:
    """Draw a picture for each record that exists."""
    drawings = {"peers": _peers, "loadgen": _loadgen, "zoo": _networks, "gpu": _networks}
    with styled():
        for name, draw in drawings.items():
            record = results / f"{name}.json"
            if record.exists():
                save(draw(record), folder / f"{name}.png")


def _peers(record: Path) -> Figure:
    """Draw the median latencies of each peer and of ours, one row per network."""
    entries = list(read_results(record, Beside).values())
    median = {(entry.model, entry.name): entry.p50_us for entry in entries}
    models = sorted({entry.model for entry in entries}, key=lambda model: (median[model, OURS[0]], model))
    drawn = figure(9, 1.6 + 0.26 * len(models))
    axes = drawn.subplots()
    names = [*OURS, *(name for name in PEERS if (models[0], name) in median)]
    colours = [TRAINING, VALIDATION, PUBLISHED, *list(GROUPS.values())[2:]]
    for number, name in enumerate(names):
        is_ours = name in OURS
        axes.plot(
            [median[model, name] for model in models],
            range(len(models)),
            linewidth=0,
            marker=_MARKERS[number % len(_MARKERS)],
            markersize=8 if is_ours else 5,
            markerfacecolor="none" if is_ours else None,
            markeredgewidth=1.6 if is_ours else 1,
            color=colours[number % len(colours)],
            label=name,
        )
    axes.set_yticks(range(len(models)), models)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:,g}")
    axes.set_xlabel("median time of one picture, µs")
    drawn.legend(loc="outside upper center", ncols=5)
    return drawn


def _loadgen(record: Path) -> Figure:
    """Draw LoadGen's p50 and p90 relative to ours, with the bar where it applies."""
    entries = list(read_results(record, Agreement).values())
    drawn = figure(9, 4)
    axes = drawn.subplots()
    times = [entry.ours("p50_us") for entry in entries]
    axes.plot(times, [100 * entry.difference("p50_us") for entry in entries], "o", color=TRAINING, label="p50")
    axes.plot(times, [100 * entry.difference("p90_us") for entry in entries], "s", color=VALIDATION, label="p90")
    inside = [100 * entry.inside_over_ours() for entry in entries]
    axes.plot(times, inside, "x", color=PUBLISHED, label="p50 of the call alone, inside LoadGen, by our clock")
    axes.set_xscale("log")
    furthest = max(max(times) * 1.2, 2 * LARGE_US)
    axes.set_xlim(right=furthest)
    axes.fill_between([LARGE_US, furthest], -100 * BAR, 100 * BAR, color="#e8f0e4", zorder=0, label="the bar")
    axes.axhline(0, color=PUBLISHED, linewidth=0.8)
    axes.xaxis.set_major_formatter("{x:,g}")
    axes.set_xlabel("our median of a query, µs")
    axes.set_ylabel("LoadGen's, without its floor, above ours, %")
    axes.legend(loc="upper right")
    return drawn


def _networks(record: Path) -> Figure:
    """Draw error rates against the median latency of one picture, and label the Pareto front."""
    points = points_of(summaries(read_record(record)))
    drawn = figure(9, 4.6)
    axes = drawn.subplots()
    by_runtime: dict[str, list[tuple[float, float]]] = {}
    for point in points:
        asked, precision = point.summary.row.configuration, point.summary.row.artefact.precision
        place = (point.p50_us, 100 * (1 - point.accuracy.share))
        by_runtime.setdefault(f"{asked.runtime}, {precision}", []).append(place)
    for number, (runtime, places) in enumerate(by_runtime.items()):
        colour = list(GROUPS.values())[number % len(GROUPS)]
        axes.plot(*zip(*places, strict=True), _MARKERS[number % len(_MARKERS)], color=colour, label=runtime)
    front = [(point, (point.p50_us, 100 * (1 - point.accuracy.share))) for point in front_of(points)]
    times, wrong = [place[0] for _, place in front], [place[1] for _, place in front]
    axes.plot(times, wrong, color=PUBLISHED, linewidth=0.8, drawstyle="steps-post", zorder=0)
    for point, place in front:
        axes.annotate(point.summary.row.configuration.model, place, (5, 5), textcoords="offset points", fontsize=7)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.margins(x=0.1)
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_locator(LogLocator(subs=(2, 3, 5)))  # with all nine, 9 and 10 overlap
    axes.yaxis.set_minor_formatter("{x:g}")
    axes.xaxis.set_major_formatter("{x:,g}")
    axes.set_xlabel("median time of one picture, µs")
    axes.set_ylabel("wrong answers, %")
    axes.legend(loc="upper right")
    return drawn
