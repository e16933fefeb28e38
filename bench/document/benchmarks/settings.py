"""Settings of ONNX Runtime beside the defaults here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench.document.benchmarks.pairs import read_pairs
from training.report.page import paragraph, table


def section(path: Path) -> Iterator[str]:
    """Return text and a table: a line a setting, a column a network and batch."""
    pairs = {tuple(name.split(", ", 2)): found for name, found in read_pairs(path).items()}
    places = list(dict.fromkeys(key[:2] for key in pairs))
    settings = list(dict.fromkeys(key[2] for key in pairs))
    yield paragraph("""How much longer a call takes with one setting changed, as the median ratio of pairs (A B B A,
        sessions made anew): below 1 the change gains. `nothing` changes nothing: it shows what chance does. The
        default is one thread, all optimisations of the graph, and the rest as ONNX Runtime sets it. Two threads gain
        where a call is long, and their pool spins on a core that others may need: `threads=2` asks for them.""")
    yield table(
        ["network, batch", *(f"{setting}:" for setting in settings)],
        ([", ".join(place), *(f"× {pairs[*place, setting].ratio:.2f}" for setting in settings)] for place in places),
    )
