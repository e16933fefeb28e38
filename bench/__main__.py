"""``python -m bench``: the project's performance targets, measured in pairs and recorded in ``bench/results``."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from bench.arm.command import arm
from bench.bare import fastest_call, some_images
from bench.batch import command as million
from bench.browser.command import browser
from bench.candidate import candidate
from bench.cold_start import environment_of_user, predict_command, unavoidable_command
from bench.defaults import MODELS
from bench.defaults import compare as compare_settings
from bench.files_command import exports, lean, quantization, shipped
from bench.folder import Folder, write_pictures
from bench.folder import measure as measure_folder
from bench.injected_slowdown import command as planted
from bench.normalizers.command import normalizers
from bench.paired import Call, Pairs, time_pairs
from bench.peers.command import peers
from bench.picture_path import picture_path
from bench.published import published
from bench.recording import affordable, record, report
from bench.robustness.command import pages, real_pictures, robustness
from bench.robustness.unseen import unseen
from digit_infer import Predictor, zoo
from digit_infer.cli.output import Column, print_table
from digit_infer.cli.reporting import ReportingGroup, quiet_native_log
from digit_infer.runtimes.protocol import RuntimeName

BATCHES = (1, 256, 1_024)
_ROUNDS = 12  # a multiple of four: each side is created first and called first in half of the rounds
_RUNTIMES: tuple[RuntimeName, ...] = ("onnx-cpu", "tflite")


@click.group(cls=ReportingGroup)
def main() -> None:
    """Benchmark digit_infer against the same work by hand, in pairs, and record both."""


@main.command()
@click.option("--seconds", type=click.FloatRange(min=0.1), default=8.0, show_default=True, help="For each comparison.")
@click.option("--model", "models", multiple=True, type=click.Choice(list(zoo.models())), help="Repeatable. [default: all]")
def overhead(seconds: float, models: tuple[str, ...]) -> None:
    """Time Predictor.predict_array against the fastest known bare call of the runtime, on the same array."""
    with quiet_native_log() as stderr:
        results: dict[str, Pairs] = {}
        for name, pairs in _overheads(models or tuple(zoo.models()), seconds):
            results[name] = pairs
            print(name, file=stderr, flush=True)  # progress; click.echo would write to the silenced stderr
    report("predict_array", results)


@main.command("cold-start")
@click.option("--pairs", type=click.IntRange(min=5), default=30, show_default=True)
def cold_start(pairs: int) -> None:
    """Time digit-infer predict, a whole process, against the imports and session creation that it needs anyway."""

    def run(command: list[str]) -> None:
        subprocess.run(command, check=True, capture_output=True, env=environment_of_user())  # two commands of ours

    unavoidable, predict = unavoidable_command(), predict_command()
    result = time_pairs(lambda _: (lambda: run(unavoidable), lambda: run(predict)), pairs, rounds=1, warm_up=3)
    report("cold_start", {f"digit-infer predict, {zoo.DEFAULT_MODEL}": result})


@main.command()
@click.option("--seconds", type=click.FloatRange(min=0.01), default=2.0, show_default=True, help="For each comparison.")
@click.option("--model", "models", multiple=True, type=click.Choice(list(zoo.models())), default=MODELS, show_default=True)
def defaults(seconds: float, models: tuple[str, ...]) -> None:
    """Time other settings of ONNX Runtime against digit_infer's defaults."""
    found = dict(compare_settings(models, lambda make: affordable(make, seconds)))
    report("defaults", found, ("default", "changed"))


@main.command()
@click.option("--rounds", type=click.IntRange(min=1), default=10, show_default=True)
@click.option("--model", "models", multiple=True, default=(zoo.DEFAULT_MODEL,), show_default=True)
def folder(rounds: int, models: tuple[str, ...]) -> None:
    """Time digit-infer predict FOLDER --json, a whole process, against only decoding the same PNG files."""
    results: dict[str, Folder] = {}
    for side, count in ((28, 10_000), (28, 1_000), (280, 1_000)):
        with TemporaryDirectory() as place:
            pictures = Path(place) / "pictures"
            write_pictures(pictures, count, side)
            found = measure_folder(pictures, count, side, models, rounds)
        results |= {f"{name}, {count} of {side} x {side}": entry for name, entry in found.items()}
    print_table(
        [
            Column("what"),
            *(Column(name, number=True) for name in ("seconds", "pictures/s", "share of decoding", "peak MiB")),
        ],
        [
            (
                name,
                f"{entry.seconds:.2f}",
                f"{entry.pictures_per_second:,.0f}",
                f"{entry.share:.2f}",
                f"{entry.peak_mib:.0f}",
            )
            for name, entry in results.items()
        ],
    )
    record("folder", {"rounds": rounds, "results": {name: asdict(entry) for name, entry in results.items()}})


def _overheads(models: Sequence[str], seconds: float) -> Iterator[tuple[str, Pairs]]:
    for model in models:
        for runtime in _RUNTIMES:
            for batch in BATCHES:
                make = _maker(model, runtime, batch)
                pairs = affordable(make, seconds)
                yield f"{model}, {runtime}, batch {batch}", time_pairs(make, pairs, _ROUNDS, warm_up=max(3, pairs // 100))


def _maker(model: str, runtime: RuntimeName, batch: int) -> Callable[[bool], tuple[Call, Call]]:
    """Return a function that creates the bare call and ours, on the same images and a new session."""
    images = some_images(batch)

    def make(bare_first: bool) -> tuple[Call, Call]:  # noqa: FBT001  # for time_pairs
        del bare_first  # one session serves both
        predictor = Predictor(model, runtime=runtime)
        return fastest_call(predictor, images), partial(predictor.predict_array, images)

    return make


for command in (
    million, planted, exports, lean, quantization, shipped, peers, browser, arm, normalizers, picture_path, published,
    robustness, real_pictures, unseen, pages, candidate,
):  # fmt: skip
    main.add_command(command)

if __name__ == "__main__":
    main(prog_name="python -m bench")
