"""Nodes and times of the ONNX graphs, ours and those of other optimisers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import median

from bench.lean_graphs import OURS, Comparison, comparisons, other_runs
from training.report.page import paragraph, table


def section() -> Iterator[str]:
    """Return text and tables from the record of ``python -m bench lean``."""
    by_network: dict[str, dict[str, Comparison]] = {}
    for entry in comparisons():
        by_network.setdefault(entry.model, {})[entry.by] = entry
    others = list(next(iter(by_network.values())))
    yield _introduction()
    yield table(
        ["network", "nodes: tf2onnx:", *(f"{by}:" for by in others), "µs: tf2onnx:", *(f"{by}:" for by in others)],
        (_line(name, entries, others) for name, entries in by_network.items()),
    )
    yield _verdict(by_network)


def _introduction() -> str:
    return paragraph(f"""What tf2onnx writes by itself (opset 17, from the plainest wrapper around the network: cast,
        divide by 255, add the channel axis), what onnxslim and ONNX Runtime's own optimiser (saved at its levels basic
        and extended) make of that file, and ours. One run of `python -m bench lean`, batch 1, one thread; each graph is
        timed in pairs with tf2onnx's, in an order that alternates, in sessions that are made anew. The ratio is the
        median of a pair's ratios, with its 95 % bootstrap interval. Ours comes from exact folds: the factor 1/255 and
        batch norms into weights, transpositions into the rows of a dense layer, `MatMul` and `Add` into `Gemm`,
        computed shapes into constants.{other_runs()}""")


def _line(name: str, entries: Mapping[str, Comparison], others: list[str]) -> list[str]:
    ours = entries[OURS]
    return [
        name,
        str(ours.plain_nodes),
        *(str(entries[by].nodes) for by in others),
        f"{ours.times.first_us:.1f}",
        *(_ratio(entries[by]) for by in others),
    ]


def _ratio(entry: Comparison) -> str:
    times = entry.times
    return f"{times.second_us:.1f}, × {times.ratio:.3f} ({times.ratio_low:.3f} to {times.ratio_high:.3f})"


def _verdict(by_network: Mapping[str, Mapping[str, Comparison]]) -> str:
    ratios = {name: entries[OURS].times for name, entries in by_network.items()}
    slower = [name for name, times in ratios.items() if times.ratio > 1]
    wide = [name for name, times in ratios.items() if times.ratio_high > 1]
    beaten = [
        f"{name} ({by})"
        for name, entries in by_network.items()
        for by, entry in entries.items()
        if by != OURS and entry.times.ratio_high < entries[OURS].times.ratio_low
    ]
    return paragraph(f"""Slower than what tf2onnx writes by itself: {", ".join(slower) or "none"}; median over the
        networks × {median(times.ratio for times in ratios.values()):.3f}. Not told apart from it, since the interval
        reaches 1: {", ".join(wide) or "none"}. Beaten beyond both intervals by another optimiser: {
        ", ".join(beaten) or "none"
    }.""")
