"""Commands that time model files: exported, bundled, and from other optimisers."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from bench.bare import pair_of_files, shipped_onnx
from bench.exported import time_files
from bench.lean_graphs import as_entry, compare
from bench.paired import time_pairs
from bench.quantization import measure
from bench.recording import RESULTS, SCHEMA, affordable, report
from digit_infer import zoo
from digit_infer.cli.reporting import quiet_native_log
from export.records import of_models
from export.stored import store_models

BESIDE = "shallow_cnn"
"""The published network whose latency at batch 1 bounds that of our own networks."""

_ROUNDS = 20


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--rounds", type=click.IntRange(min=3), default=5, show_default=True)
@click.option("--seconds", type=click.FloatRange(min=0.01), default=0.2, show_default=True, help="Per file and round.")
@of_models
def exports(folder: Path, rounds: int, seconds: float, only: tuple[str, ...]) -> None:
    """Time one picture on every file that python -m export wrote into FOLDER."""
    paths = sorted(path for path in folder.iterdir() if path.suffix in (".onnx", ".tflite"))
    with quiet_native_log():
        wanted = [path for path in paths if _model_of(path.name) in (only or zoo.models())]  # not the ink network
        timed = {path.name: asdict(found) for path, found in time_files(wanted, rounds, seconds)}
    path, again, beside = RESULTS / "exports.json", "python -m bench exports FOLDER", {"rounds": rounds, "seconds": seconds}
    store_models(path, SCHEMA, "results", timed, lambda item: _model_of(item[0]), only, again, beside=beside)
    click.echo(f"recorded in {path}", err=True)


@click.command()
@click.option("--rounds", type=click.IntRange(min=3), default=5, show_default=True)
@click.option("--seconds", type=click.FloatRange(min=0.1), default=8.0, show_default=True, help="For each comparison.")
def shipped(rounds: int, seconds: float) -> None:
    """Time one picture on every bundled file, and our own networks in pairs with shallow_cnn."""
    paths = sorted(zoo.FILES / file.file for model in zoo.models().values() for file in model.files)
    ours = [model.name for model in zoo.models().values() if model.is_ours]
    with quiet_native_log():
        timed = {path.name: asdict(found) for path, found in time_files(paths, rounds, seconds=0.2)}
        pairs = {}
        for name in ours:
            make = pair_of_files(shipped_onnx(BESIDE), shipped_onnx(name))
            pairs[name] = time_pairs(make, affordable(make, seconds), _ROUNDS, warm_up=100)
    report("shipped", pairs, (BESIDE, "ours"), beside={"rounds": rounds, "files": timed})


@click.command()
@click.option("--seconds", type=click.FloatRange(min=0.1), default=4.0, show_default=True, help="For each comparison.")
@of_models
def lean(seconds: float, only: tuple[str, ...]) -> None:
    """Time our float32 graphs, and those of other optimisers, against tf2onnx's plain output."""
    with quiet_native_log():
        found = list(compare(only or zoo.models(), lambda make: affordable(make, seconds)))
    report(
        "lean_graphs",
        {f"{entry.model}, {entry.by}": entry.times for entry in found},
        ("tf2onnx", "the other"),
        {f"{entry.model}, {entry.by}": as_entry(entry) for entry in found},
        packages=("onnx", "onnxslim", "tf2onnx"),
        only=only,
    )


@click.command()
@click.option("--seconds", type=click.FloatRange(min=0.1), default=2.0, show_default=True, help="For each choice.")
@of_models
def quantization(seconds: float, only: tuple[str, ...]) -> None:
    """Measure the accuracy, speed and size of each choice of quantized layers; record them in export/results."""
    from export.records.quantization import RECORD, write_record

    with quiet_native_log():
        measured = list(measure(only or zoo.models(), lambda make: affordable(make, seconds)))
    write_record(measured, only)
    click.echo(f"recorded in {RECORD}", err=True)


def _model_of(file: str) -> str:
    return file.partition(".")[0]
