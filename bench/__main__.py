"""``python -m bench``: the project's bars, measured in pairs and recorded in ``bench/results``."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

import click

from bench.bare import bare_call, some_images
from bench.cold_start import predict_command, unavoidable_command
from bench.lean_graphs import as_entry, compare
from bench.paired import Call, Pairs, time_pairs
from bench.quantization import measure
from digit_infer import Predictor, zoo
from digit_infer.benchmark.environment import environment
from digit_infer.cli.native_log import quiet_native_log
from digit_infer.cli.reporting import ReportingGroup
from digit_infer.cli.tables import Column, print_table
from digit_infer.files import write_text
from digit_infer.runtimes.installed import installed_version
from digit_infer.runtimes.protocol import RuntimeName

SCHEMA = 1
RESULTS = Path(__file__).parent / "results"
_ROUNDS = 10
_RUNTIMES: tuple[RuntimeName, ...] = ("onnx-cpu", "tflite")


@click.group(cls=ReportingGroup)
def main() -> None:
    """Time digit_infer and the same work by hand in turn, and record both."""


@main.command()
@click.option("--seconds", type=click.FloatRange(min=0.1), default=8.0, show_default=True, help="For each comparison.")
def overhead(seconds: float) -> None:
    """Time Predictor.predict_array against the bare runtime call on the same bytes."""
    with quiet_native_log():
        results = dict(_overheads(seconds))
    _report("predict_array", results)


@main.command("cold-start")
@click.option("--pairs", type=click.IntRange(min=5), default=30, show_default=True)
def cold_start(pairs: int) -> None:
    """Time digit-infer predict, a whole process, against the imports and the session that it cannot avoid."""

    def run(command: list[str]) -> None:
        subprocess.run(command, check=True, capture_output=True)  # our own two commands

    unavoidable, predict = unavoidable_command(), predict_command()
    result = time_pairs(lambda _: (lambda: run(unavoidable), lambda: run(predict)), pairs, rounds=1, warm_up=3)
    _report("cold_start", {f"digit-infer predict, {zoo.DEFAULT_MODEL}": result})


@main.command()
@click.option("--seconds", type=click.FloatRange(min=0.1), default=4.0, show_default=True, help="For each comparison.")
def lean(seconds: float) -> None:
    """Time our float32 graphs, and what other optimisers make, against what tf2onnx writes by itself."""
    with quiet_native_log():
        found = list(compare(lambda make: _affordable(make, seconds)))
    _report(
        "lean_graphs",
        {f"{entry.model}, {entry.by}": entry.times for entry in found},
        ("tf2onnx", "the other"),
        {f"{entry.model}, {entry.by}": as_entry(entry) for entry in found},
        packages=("onnx", "onnxslim", "tf2onnx"),
    )


@main.command()
@click.option("--seconds", type=click.FloatRange(min=0.1), default=2.0, show_default=True, help="For each choice.")
def quantization(seconds: float) -> None:
    """Measure what each choice of quantized layers costs and gains, and record it in export/results."""
    from export.quantization_record import RECORD, write_record

    with quiet_native_log():
        measured = list(measure(lambda make: _affordable(make, seconds)))
    write_record(measured)
    click.echo(f"recorded in {RECORD}", err=True)


def _overheads(seconds: float) -> Iterator[tuple[str, Pairs]]:
    for model in zoo.models():
        for runtime in _RUNTIMES:
            for batch in (1, 256):
                make = _maker(model, runtime, batch)
                pairs = _affordable(make, seconds)
                yield f"{model}, {runtime}, batch {batch}", time_pairs(make, pairs, _ROUNDS, warm_up=max(3, pairs // 100))


def _affordable(make: Callable[[bool], tuple[Call, Call]], seconds: float) -> int:
    """Return how many pairs fit into the time, from 100 to 20,000."""
    bare, _ = make(True)
    trial = time_pairs(lambda _: (bare, bare), 20, rounds=1, warm_up=5)
    return int(min(max(seconds * 1e6 / (4 * trial.first_us), 100), 20_000))


def _maker(model: str, runtime: RuntimeName, batch: int) -> Callable[[bool], tuple[Call, Call]]:
    """Return what makes the bare call and ours, on the same images."""
    images = some_images(batch)
    file = zoo.files_of(zoo.model_named(model), "onnx" if runtime == "onnx-cpu" else "tflite", None)[0]
    path = zoo.FILES / file.file

    def make(bare_first: bool) -> tuple[Call, Call]:  # noqa: FBT001  # the protocol of time_pairs
        if bare_first:
            bare, ours = bare_call(runtime, path, batch), Predictor(model, runtime=runtime).predict_array
        else:
            ours, bare = Predictor(model, runtime=runtime).predict_array, bare_call(runtime, path, batch)
        return lambda: bare(images), lambda: ours(images)

    return make


def _report(
    name: str,
    results: Mapping[str, Pairs],
    named: tuple[str, str] = ("by hand", "digit_infer"),
    entries: Mapping[str, dict[str, object]] | None = None,
    packages: tuple[str, ...] = (),
) -> None:
    """Print the pairs, and record them, or ``entries`` that say more, with the versions of further packages."""
    rows = [
        (
            what,
            f"{pairs.pairs:,}",
            f"{pairs.first_us:,.1f}",
            f"{pairs.second_us:,.1f}",
            f"{pairs.difference_us:,.2f} ({pairs.difference_low_us:,.2f} to {pairs.difference_high_us:,.2f})",
            f"{pairs.ratio:.3f} ({pairs.ratio_low:.3f} to {pairs.ratio_high:.3f})",
        )
        for what, pairs in results.items()
    ]
    columns = [
        Column("what"),
        Column("pairs", number=True),
        *(Column(f"{who}, µs", number=True) for who in named),
        Column("difference in a pair, µs (95 %)", number=True),
        Column("ratio in a pair (95 %)", number=True),
    ]
    print_table(columns, rows)
    path = RESULTS / f"{name}.json"
    document = {
        "schema": SCHEMA,
        "environment": environment() | {package: installed_version(package) or "" for package in packages},
        "results": entries or {what: asdict(pairs) for what, pairs in results.items()},
    }
    write_text(path, json.dumps(document, indent=1) + "\n")
    click.echo(f"recorded in {path}", err=True)


if __name__ == "__main__":
    main(prog_name="python -m bench")
