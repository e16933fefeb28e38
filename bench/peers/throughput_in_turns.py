"""Compares our throughput with OpenVINO's benchmark_app and with a bare loop, on the same calls."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from bench.peers.beside import started
from bench.peers.environments import ENVIRONMENTS
from bench.peers.table import PEERS, Peer, file_for
from bench.peers.throughput import By, Run, Throughput
from digit_infer.benchmark.process import WARM_UP_S

_ASKED: Mapping[By, Peer] = {
    "benchmark_app": PEERS["openvino_request"],
    "onnxruntime_run": PEERS["onnxruntime_run"],
    "litert_invoke": PEERS["litert_invoke"],
}
"""The peer's call that our harness measures: the same one that they call."""

_BLOCKS = 8
_LOOP_S = 0.5


def compare_throughput(
    models: Sequence[str], batches: Sequence[int], runs: int, seconds: int, seed: int, tell: Callable[[str], None]
) -> dict[str, Throughput]:
    """Compare every model at every batch with benchmark_app and bare loops, whose runs alternate with ours."""
    draw = random.Random(seed)  # noqa: S311  # a reproducible order, not a secret
    floors: Mapping[By, float] = {"benchmark_app": benchmark_app_floor_us(seconds)}
    found = {}
    for model in models:
        for by in _ASKED:
            tell(f"{model}, {by}")
            for batch in batches:
                compared = _compared(model, by, batch, seconds, floors.get(by, 0.0), runs, draw)
                found[f"{model}, {by}, batch {batch}"] = compared
    return found


def _compared(model: str, by: By, batch: int, seconds: int, floor_us: float, runs: int, draw: random.Random) -> Throughput:
    """Measure one model at one batch by ours and theirs, in ``runs`` pairs, each in a random order."""
    peer = _ASKED[by]
    theirs: list[Run] = []
    ours: list[tuple[float, float]] = []
    sha256s: list[str] = []

    def measure_ours() -> None:
        """Measure in a fresh process, as theirs does, since memory layout affects speed."""
        with started(peer, model, batch, perf_counter()) as process:
            process.warm_up(WARM_UP_S)
            blocks = [process.offline_block() for _ in range(_BLOCKS)]
            ours.append((median(block.images / block.seconds for block in blocks), process.stream_block().block.p50_us))
        sha256s.append(str(process.artefact.sha256))

    def measure_theirs() -> None:
        if by == "benchmark_app":
            theirs.append(benchmark_app(file_for(model, peer).path, batch, seconds))
        else:
            theirs.append(_bare_loop(model, peer, batch))

    for _ in range(runs):
        for measure in draw.sample([measure_theirs, measure_ours], 2):
            measure()
    return Throughput(
        model=model,
        by=by,
        batch=batch,
        sha256=sha256s[0],
        samples=runs * _BLOCKS,
        theirs=tuple(theirs),
        ours_images_per_second=tuple(rate for rate, _ in ours),
        ours_p50_us=median(p50_us for _, p50_us in ours),
        floor_us=floor_us,
    )


def benchmark_app(path: Path, batch: int, seconds: int) -> Run:
    """Run OpenVINO's tool in synchronous mode on one thread, in the precision of the file.

    By default it would compute in bfloat16 where the CPU can, which is less work than ours.

    Raises:
        MeasurementError: it failed.
    """
    with TemporaryDirectory(prefix="digit-infer-") as folder:
        work = ["-m", str(path), "-layout", "[NHW]", "-data_shape", f"[{batch},28,28]", "-shape", f"[{batch},28,28]"]
        how = ["-d", "CPU", "-hint", "none", "-nstreams", "1", "-nthreads", "1", "-api", "sync", "-infer_precision", "f32"]
        report = ["-t", str(seconds), "-report_type", "no_counters", "-json_stats", "-report_folder", folder]
        ENVIRONMENTS["openvino"].output_of("benchmark_app", *work, *how, *report)
        told = json.loads(Path(folder, "benchmark_report.json").read_text(encoding="utf-8"))["execution_results"]
    images = batch * int(told["total number of iterations"])
    return Run(images, float(told["total execution time (ms)"]) / 1000, float(told["latency (ms)"]))


def benchmark_app_floor_us(seconds: int) -> float:
    """Return the overhead of benchmark_app's loop in µs, with a request that does nothing."""
    told = ENVIRONMENTS["openvino"].output_of("python", "-m", "bench.peers.benchmark_app_floor", str(seconds))
    floor_us: float = json.loads(told)["floor_us"]
    return floor_us


def _bare_loop(model: str, peer: Peer, batch: int) -> Run:
    words = (peer.name, model, str(batch), str(_LOOP_S))
    told = json.loads(ENVIRONMENTS[peer.environment].output_of("python", "-m", "bench.peers.loop", *words))
    return Run(told["images"], told["seconds"], None)
