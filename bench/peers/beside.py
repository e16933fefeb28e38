"""Every peer and ours on one model at a time: single pictures, in alternating blocks A B C … C B A."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median
from time import perf_counter

from bench.paired import Difference, difference
from bench.peers.environments import ENVIRONMENTS
from bench.peers.table import OURS_ONNX, OURS_TFLITE, PEERS, Ours, Peer, PeerName
from digit_infer.benchmark.process import PREDICTOR, WARM_UP_S, MeasuringProcess
from digit_infer.benchmark.record import Block
from digit_infer.benchmark.statistics import Histogram

_SERVE: tuple[str, ...] = ("-m", "bench.peers.serve")


@dataclass(frozen=True)
class Beside:
    """Latency of one picture by a peer, or by ours on a runtime.

    ``rounds_us`` has, per launch and round, the mean of two blocks' medians: the second half of a round runs in reverse
    order. Percentiles are over all queries; None for too few samples.
    """

    model: str
    name: str
    file: str
    sha256: str | None
    samples: int
    p50_us: float
    p90_us: float | None
    p99_us: float | None
    load_ms: float
    rounds_us: tuple[tuple[float, ...], ...]


def over(peer: Beside, ours: Beside) -> Difference:
    """Compare ours with a peer, round by round."""
    launches = zip(peer.rounds_us, ours.rounds_us, strict=True)
    return difference([pair for launch in launches for pair in zip(*launch, strict=True)])


def name_of(system: Peer | Ours) -> str:
    """Return the name of a system in records."""
    return system.name if isinstance(system, Peer) else f"digit_infer {system.runtime}"


def measure_beside(
    models: Sequence[str],
    peers: Sequence[PeerName],
    launches: int,
    rounds: int,
    seed: int,
    tell: Callable[[str], None],
) -> dict[str, Beside]:
    """Measure every model: all systems in fresh processes per launch, in a random order per round."""
    systems: list[Peer | Ours] = [*(PEERS[name] for name in peers), OURS_ONNX, OURS_TFLITE]
    draw = random.Random(seed)  # noqa: S311  # a reproducible order, not a secret
    found: dict[str, Beside] = {}
    for model in models:
        measured: dict[str, list[_Launch]] = {name_of(system): [] for system in systems}
        for launch in range(launches):
            tell(f"{model}, launch {launch + 1} of {launches}")
            for name, result in _launch(model, systems, rounds, draw).items():
                measured[name].append(result)
        found |= {f"{model}, {name}": _summary(model, name, results) for name, results in measured.items()}
    return found


@dataclass(frozen=True)
class _Launch:
    process: MeasuringProcess
    blocks: list[Block]
    latencies: Histogram


def _launch(model: str, systems: Sequence[Peer | Ours], rounds: int, draw: random.Random) -> dict[str, _Launch]:
    names = {name_of(system): system for system in systems}
    began = perf_counter()
    with ExitStack() as stack:
        with ThreadPoolExecutor(len(systems)) as pool:
            opened = pool.map(lambda system: started(system, model, 1, began), systems)
            processes = {name: stack.enter_context(process) for name, process in zip(names, opened, strict=True)}
        for process in processes.values():
            process.warm_up(WARM_UP_S)
        blocks: dict[str, list[Block]] = {name: [] for name in names}
        latencies: dict[str, list[Histogram]] = {name: [] for name in names}
        for _ in range(rounds):
            for name in there_and_back(list(names), draw):
                timed = processes[name].stream_block()
                blocks[name].append(timed.block)
                latencies[name].append(timed.latencies)
    return {name: _Launch(processes[name], blocks[name], Histogram.merged(latencies[name])) for name in names}


def there_and_back(names: Sequence[str], draw: random.Random) -> list[str]:
    """Return a random order followed by its reverse, so that a drift of the machine affects all alike."""
    order = draw.sample(names, len(names))
    return order + order[::-1]


def started(system: Peer | Ours, model: str, batch: int, began: float) -> MeasuringProcess:
    """Open a model in a fresh process of a peer's or our environment."""
    environment = ENVIRONMENTS[system.environment]
    request: dict[str, object] = {"model": model, "batch": batch, "began": began, "pause_s": 0.0}
    if isinstance(system, Peer):
        serving = _SERVE
        request |= {"peer": system.name, "runtime": system.name}
    else:
        serving = PREDICTOR[1:]
        request |= {"runtime": system.runtime, "precision": system.precision, "threads": 1}
    return MeasuringProcess([str(environment.program("python")), *serving], request, environment=environment.variables())


def _summary(model: str, name: str, launches: Sequence[_Launch]) -> Beside:
    merged = Histogram.merged(launch.latencies for launch in launches)
    p50, p90, p99 = (merged.percentile_us(percent) for percent in (50, 90, 99))
    assert p50 is not None
    artefact = launches[0].process.artefact
    return Beside(
        model=model,
        name=name,
        file=artefact.file or "",
        sha256=artefact.sha256,
        samples=merged.samples,
        p50_us=p50,
        p90_us=p90,
        p99_us=p99,
        load_ms=median(launch.process.load_ms for launch in launches),
        rounds_us=tuple(_rounds(launch.blocks) for launch in launches),
    )


def _rounds(blocks: Sequence[Block]) -> tuple[float, ...]:
    """Return the mean of each two consecutive blocks."""
    return tuple((there.p50_us + back.p50_us) / 2 for there, back in zip(blocks[::2], blocks[1::2], strict=True))
