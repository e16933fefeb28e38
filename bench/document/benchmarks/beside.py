"""One picture by hand with each peer, beside ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median

from bench.document.benchmarks.wording import us
from bench.peers.beside import Beside, name_of, over
from bench.peers.stored import read_results
from bench.peers.table import OURS_ONNX, OURS_TFLITE, PEERS, Peer
from training.report.page import paragraph, table

OURS = tuple(map(name_of, (OURS_ONNX, OURS_TFLITE)))


def section(path: Path) -> Iterator[str]:
    """Return texts and tables."""
    found = {(entry.model, entry.name): entry for entry in read_results(path, Beside).values()}
    models = list(dict.fromkeys(model for model, _ in found))
    peers = [peer for peer in PEERS.values() if (models[0], peer.name) in found]
    launches = {len(entry.rounds_us) for entry in found.values()}
    yield _method(launches, {len(rounds) for entry in found.values() for rounds in entry.rounds_us})
    yield "![the median time of one picture on each network, by peer](benchmarks/peers.png)"
    yield table(
        ["network", *(f"`{name}`:" for name in OURS), *(f"{peer.written}:" for peer in peers)],
        ([model, *(us(found[model, name].p50_us) for name in (*OURS, *(peer.name for peer in peers)))] for model in models),
    )
    yield "What `Predictor.predict_array` takes over each, in the same round; a ratio below 1 is ours being faster:"
    yield table(
        ["by hand", "beside", "difference, µs:", "from:", "to:", "ratio:", "from:", "to:"],
        (_compared(found, peer, models) for peer in peers),
    )


def _method(launches: set[int], rounds: set[int]) -> str:
    return paragraph(f"""The median time of one picture in µs. All stand open at once, each in a fresh process of its
        own environment, and are asked for blocks of queries in turns by the same loop: there and back in an order
        drawn anew, {"/".join(map(str, sorted(rounds)))} times in each of {"/".join(map(str, sorted(launches)))}
        launches. ONNX Runtime and OpenVINO run the float32 ONNX file, LiteRT the int8 TFLite file, Keras the
        checkpoint that both were made from, on TensorFlow's own choice of threads. *Input filled once* leaves out
        what every other peer does, to hand over a picture.""")


def _compared(found: Mapping[tuple[str, str], Beside], peer: Peer, models: list[str]) -> list[str]:
    """Return medians over the networks, and the least and the largest."""
    ours = name_of(peer.beside)
    each = [over(found[model, peer.name], found[model, ours]) for model in models]
    differences, ratios = [one.difference_us for one in each], [one.ratio for one in each]
    return [
        peer.written,
        f"`{ours}`",
        *(us_signed(value) for value in (median(differences), min(differences), max(differences))),
        *(f"{value:.3g}" for value in (median(ratios), min(ratios), max(ratios))),
    ]


def us_signed(value: float) -> str:
    """Write a difference in µs."""
    return f"{'+' if value >= 0 else '-'}{us(abs(value))}"
