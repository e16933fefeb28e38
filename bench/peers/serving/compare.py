"""The servers in turns A B C, C B A, …: ours with one worker and with one per processor, and Triton."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

from bench.peers.serving.clients import Protocol, latencies, requests_a_second
from bench.peers.serving.servers import Addresses, ours, triton
from digit_infer.benchmark.statistics import Histogram
from digit_infer.dataset import load
from digit_infer.parallel import usable_cpus

CLIENTS = 16


@dataclass(frozen=True)
class Served:
    """Latencies of a server for one client over all rounds, and requests per second of sixteen clients by round."""

    rest_p50_us: float
    rest_p99_us: float | None
    grpc_p50_us: float
    grpc_p99_us: float | None
    rest_rounds_us: tuple[float, ...]
    grpc_rounds_us: tuple[float, ...]
    requests_a_second: float
    rounds_requests_a_second: tuple[float, ...]


def compare_servers(model: str, rounds: int, seconds: float, tell: Callable[[str], None]) -> dict[str, Served]:
    """Start all servers, measure them in turns, and return the results by server."""
    image = load("test").images[:1]
    times: dict[tuple[str, Protocol], list[Histogram]] = {}
    rates: dict[str, list[float]] = {}
    with ExitStack() as stack:
        servers: dict[str, Addresses] = {"digit_infer": stack.enter_context(ours(model))}
        if (cpus := usable_cpus()) > 1:
            servers[f"digit_infer, {cpus} workers"] = stack.enter_context(ours(model, cpus))
        servers["Triton"] = stack.enter_context(triton(model))
        for number in range(rounds):
            tell(f"round {number + 1} of {rounds}")
            order = list(servers)
            for name in order if number % 2 == 0 else order[::-1]:
                for protocol in ("rest", "grpc"):
                    taken = latencies(servers[name], protocol, model, image, seconds)
                    times.setdefault((name, protocol), []).append(Histogram.of(taken))
                rates.setdefault(name, []).append(requests_a_second(servers[name], model, image, CLIENTS, seconds))
    return {name: _served(times[name, "rest"], times[name, "grpc"], rates[name]) for name in servers}


def _served(rest: list[Histogram], grpc: list[Histogram], rates: list[float]) -> Served:
    def p50(part: Histogram) -> float:
        return part.at_rank(part.samples / 2) / 1000

    every_rest, every_grpc = Histogram.merged(rest), Histogram.merged(grpc)
    return Served(
        rest_p50_us=p50(every_rest),
        rest_p99_us=every_rest.percentile_us(99),
        grpc_p50_us=p50(every_grpc),
        grpc_p99_us=every_grpc.percentile_us(99),
        rest_rounds_us=tuple(map(p50, rest)),
        grpc_rounds_us=tuple(map(p50, grpc)),
        requests_a_second=median(rates),
        rounds_requests_a_second=tuple(rates),
    )
