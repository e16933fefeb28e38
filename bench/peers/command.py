"""``python -m bench peers``: installs the environments, and measures peers against ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from bench.peers.beside import measure_beside
from bench.peers.environments import ENVIRONMENTS
from bench.peers.loadgen.agreement import measure_agreement
from bench.peers.loadgen.record import Agreement
from bench.peers.stored import store
from bench.peers.table import OURS_ONNX, OURS_TFLITE, PEERS, PeerName
from bench.peers.throughput_in_turns import compare_throughput
from bench.recording import RESULTS, SCHEMA, versions_of
from digit_infer import zoo
from digit_infer.cli.output import Column, print_table
from digit_infer.cli.reporting import ReportingCommand, ReportingGroup
from digit_infer.errors import UsageError
from export.stored import store_measured

_SEED = 0
_SERVING = ("starlette", "uvicorn", "httptools", "zttp", "grpcio", "onnxruntime", "tritonclient")
"""Packages whose versions a record of servers has."""

_FROM_SMALL_TO_LARGE = "softmax_regression,mlp_64_64_sgd,mlp_512,shallow_cnn,cnn_arch1,lenet5_v2,lenet,deep_cnn"


@click.group(cls=ReportingGroup)
def peers() -> None:
    """Measure alternatives, each in its own environment, against ours."""


def _measuring(name: str, record: str, models: str = "all") -> Callable[[Callable[..., None]], click.Command]:
    """Return a decorator for a command that measures ``--models`` and writes a record to ``--out``."""

    def decorate(function: Callable[..., None]) -> click.Command:
        asked = click.option("--models", default=models, show_default=True, callback=_models, help="Names, or all.")
        out = click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=RESULTS / record)
        return peers.command(name, cls=ReportingCommand)(asked(out(function)))

    return decorate


def _models(_context: click.Context, _option: click.Parameter, value: str) -> list[str]:
    return list(zoo.models()) if value == "all" else [zoo.model_named(name.strip()).name for name in value.split(",")]


@peers.command(cls=ReportingCommand)
@click.argument("names", nargs=-1, type=click.Choice(list(ENVIRONMENTS)))
def install(names: tuple[str, ...]) -> None:
    """Install the environments NAMES, or all: about 2.9 GB, mostly TensorFlow. Installed ones are only checked."""
    for name in names or ENVIRONMENTS:
        environment = ENVIRONMENTS[name]
        _tell(f"{name}: {' '.join(environment.requirements.read_text(encoding='utf-8').split())}")
        environment.install()
        held = ", ".join(f"{package} {version}" for package, version in environment.versions().items())
        _tell(f"{name}: {held} in {environment.folder}")


@_measuring("calls", "peers.json")
@click.option("--launches", type=click.IntRange(min=1), default=2, show_default=True, help="Fresh processes per system.")
@click.option("--rounds", type=click.IntRange(min=2), default=5, show_default=True, help="Rounds of blocks per launch.")
@click.option("--without", type=click.Choice(list(PEERS)), multiple=True, help="Leave a peer out.")
def calls(models: list[str], launches: int, rounds: int, without: tuple[PeerName, ...], out: Path) -> None:
    """Time one picture by each peer and by Predictor.predict_array, in alternating blocks."""
    asked = [name for name in PEERS if name not in without]
    if not asked:
        raise UsageError("every peer is left out", "leave out fewer")
    found = measure_beside(models, asked, launches, rounds, _SEED, _tell)
    used = [PEERS[name].environment for name in asked] + [OURS_ONNX.environment, OURS_TFLITE.environment]
    _store(out, used, {"launches": launches, "rounds": rounds, "seed": _SEED}, found)
    rows = [(entry.model, entry.name, f"{entry.samples:,}", f"{entry.p50_us:,.2f}") for entry in found.values()]
    print_table([Column("model"), Column("by"), Column("queries", True), Column("p50, µs", True)], rows)


@_measuring("loadgen", "loadgen.json")
@click.option("--rounds", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--seconds", type=click.FloatRange(min=0.1), default=0.5, show_default=True, help="For each measurement.")
def loadgen(models: list[str], rounds: int, seconds: float, out: Path) -> None:
    """Measure the same sessions with MLPerf LoadGen and our harness, in turns."""
    found = measure_agreement(models, rounds, seconds, _SEED, _tell)
    _store(out, ["loadgen"], {"rounds": rounds, "seconds": seconds, "seed": _SEED}, found)
    headings = ("ours, p50 µs", "LoadGen's", "its floor", "difference, p50", "p90", "offline")
    print_table(
        [Column("model"), *(Column(heading, number=True) for heading in headings)],
        ((name, *_agreement(entry)) for name, entry in found.items()),
    )


def _agreement(entry: Agreement) -> tuple[str, ...]:
    times = (entry.ours("p50_us"), entry.loadgen("p50_us"), entry.floor_us())
    shares = (entry.difference("p50_us"), entry.difference("p90_us"), entry.offline_difference())
    return (*(f"{time:,.2f}" for time in times), *(f"{share:+.1%}" for share in shares))


@_measuring("benchmark-app", "benchmark_app.json", models=_FROM_SMALL_TO_LARGE)
@click.option("--runs", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--seconds", type=click.IntRange(min=1), default=1, show_default=True, help="For each run.")
def benchmark_app(models: list[str], runs: int, seconds: int, out: Path) -> None:
    """Compare our throughput with OpenVINO's benchmark_app and bare loops, at batches 1, 32 and 256."""
    found = compare_throughput(models, (1, 32, 256), runs, seconds, _SEED, _tell)
    _store(out, ["openvino", "onnxruntime", "litert"], {"runs": runs, "seconds": seconds, "seed": _SEED}, found)
    rows = [
        (name, f"{entry.ours_median():,.0f}", f"{entry.theirs_median():,.0f}", f"{entry.difference():+.1%}")
        for name, entry in found.items()
    ]
    headings = ("ours, images/s", "theirs", "difference")
    print_table([Column("what"), *(Column(heading, number=True) for heading in headings)], rows)


@peers.command(cls=ReportingCommand)
@click.option(
    "--model", default=zoo.DEFAULT_MODEL, show_default=True, callback=lambda _c, _o, name: zoo.model_named(name).name
)
@click.option("--rounds", type=click.IntRange(min=1), default=8, show_default=True)
@click.option("--seconds", type=click.FloatRange(min=0.1), default=2.0, show_default=True, help="For each measurement.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=RESULTS / "serving.json")
def serve(model: str, rounds: int, seconds: float, out: Path) -> None:
    """Benchmark digit-infer serve and Triton in turns: one client over REST and gRPC, sixteen over REST."""
    from bench.peers.serving.compare import CLIENTS, compare_servers  # its clients are not needed by the other commands

    found = compare_servers(model, rounds, seconds, _tell)
    versions = versions_of(*_SERVING) | {
        f"Triton's {name}": version for name, version in ENVIRONMENTS["triton"].versions().items()
    }
    settings = {"model": model, "rounds": rounds, "seconds": seconds, "clients": CLIENTS}
    entries = {name: asdict(entry) for name, entry in found.items()}
    store_measured(out, SCHEMA, {"settings": settings, "results": entries}, versions)
    _tell(f"recorded in {out}")
    headings = ("REST, p50 ms", "gRPC, p50 ms", f"{CLIENTS} clients over REST, requests/s")
    rows = [
        (name, f"{entry.rest_p50_us / 1000:.2f}", f"{entry.grpc_p50_us / 1000:.2f}", f"{entry.requests_a_second:,.0f}")
        for name, entry in found.items()
    ]
    print_table([Column("server"), *(Column(heading, number=True) for heading in headings)], rows)


@peers.command(cls=ReportingCommand)
def conformance() -> int:
    """Run the conformance suite of digit-infer serve against Triton."""
    from bench.peers.serving.servers import run_conformance, triton

    with triton(zoo.DEFAULT_MODEL) as addresses:
        return run_conformance(addresses)


def _store(out: Path, environments: list[str], settings: dict[str, float], found: dict[str, Any]) -> None:
    store(out, list(dict.fromkeys(environments)), settings, found)
    _tell(f"recorded in {out}")


def _tell(line: str) -> None:
    click.echo(line, err=True)
