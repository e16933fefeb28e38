"""``python -m bench``: the project's bars, measured in pairs and recorded in ``bench/results``."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from bench.bare import bare_call, some_images
from bench.cold_start import predict_command, unavoidable_command
from bench.paired import Pairs, time_pairs
from digit_infer import Predictor, zoo
from digit_infer.benchmark.environment import environment
from digit_infer.cli.native_log import quiet_native_log
from digit_infer.cli.reporting import ReportingGroup
from digit_infer.cli.tables import Column, print_table
from digit_infer.files import write_text
from digit_infer.runtimes.protocol import RuntimeName

SCHEMA = 1
RESULTS = Path(__file__).parent / "results"
_RUNTIMES: tuple[RuntimeName, ...] = ("onnx-cpu", "tflite")


@click.group(cls=ReportingGroup)
def main() -> None:
    """Time digit_infer and the same work by hand in turn, and record both."""


@main.command()
@click.option("--pairs", type=click.IntRange(min=10), default=3000, show_default=True, help="At batch 1; 1 in 15 at 256.")
def overhead(pairs: int) -> None:
    """Time Predictor.predict_array against the bare runtime call on the same bytes."""
    with quiet_native_log():
        results = dict(_overheads(pairs))
    _report("predict_array", results)


@main.command("cold-start")
@click.option("--pairs", type=click.IntRange(min=5), default=30, show_default=True)
def cold_start(pairs: int) -> None:
    """Time digit-infer predict, a whole process, against the imports and the session that it cannot avoid."""

    def run(command: list[str]) -> None:
        subprocess.run(command, check=True, capture_output=True)  # our own two commands

    unavoidable, predict = unavoidable_command(), predict_command()
    result = time_pairs(lambda: run(unavoidable), lambda: run(predict), pairs, warm_up=3)
    _report("cold_start", {f"digit-infer predict, {zoo.DEFAULT_MODEL}": result})


def _overheads(pairs: int) -> Iterator[tuple[str, Pairs]]:
    for model in zoo.models():
        for runtime in _RUNTIMES:
            for batch, count in ((1, pairs), (256, max(10, pairs // 15))):
                images = some_images(batch)
                with Predictor(model, runtime=runtime) as predictor:
                    file = predictor.chosen.file
                    if file is None:
                        raise AssertionError(f"{model} on {runtime} has no file")
                    bare, ours = bare_call(runtime, file.path, batch), predictor.predict_array
                    result = time_pairs(lambda: bare(images), lambda: ours(images), count, warm_up=max(3, count // 10))  # noqa: B023  # called at once
                yield f"{model}, {runtime}, batch {batch}", result


def _report(name: str, results: dict[str, Pairs]) -> None:
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
        Column("by hand, µs", number=True),
        Column("digit_infer, µs", number=True),
        Column("difference in a pair, µs (95 %)", number=True),
        Column("ratio in a pair (95 %)", number=True),
    ]
    print_table(columns, rows)
    path = RESULTS / f"{name}.json"
    document = {
        "schema": SCHEMA,
        "environment": environment(),
        "results": {what: asdict(pairs) for what, pairs in results.items()},
    }
    write_text(path, json.dumps(document, indent=1) + "\n")
    click.echo(f"recorded in {path}", err=True)


if __name__ == "__main__":
    main(prog_name="python -m bench")
