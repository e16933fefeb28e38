"""``digit-infer doctor``: which runtimes work on this machine, and why the others do not."""

from __future__ import annotations

import json
import platform
from typing import Any

import click
import numpy as np

from digit_infer import __version__, zoo
from digit_infer.cli import options
from digit_infer.cli.output import OUTPUT_SCHEMA, Column, print_table
from digit_infer.cli.reporting import quiet_native_log
from digit_infer.contract import SIDE
from digit_infer.errors import DigitInferError
from digit_infer.predictor import Predictor
from digit_infer.runtimes import RUNTIMES
from digit_infer.runtimes.model_file import verify
from digit_infer.runtimes.placement import PlacedSession, described
from digit_infer.runtimes.protocol import RuntimeName, installed_version

_TRIAL_MODEL = "cnn_arch3"
"""The smallest model with convolutions, which need one more library on a GPU than matrix products do."""

_SLOW_TO_START: tuple[RuntimeName, ...] = ("keras", "browser-onnx", "browser-tflite")


@click.command("doctor")
@options.json_option
def command(as_json: bool) -> int:
    """Show which runtimes work here, in which versions, and why the others do not.

    Every available runtime is tested on a picture, except Keras and browsers, which take seconds to start.

    Exits with 1 if something is broken: two packages that overwrite one another, a damaged model file, or a runtime
    that is available but fails.
    """
    with quiet_native_log():
        runtimes = [_examined(name) for name in RUNTIMES]
    problems = [*_conflicts(), *_damaged_files(), *(f"{row['name']}: {row['reason']}" for row in runtimes if row["broken"])]
    versions = {
        "digit-infer": __version__,
        "python": platform.python_version(),
        "numpy": installed_version("numpy"),
        "pillow": installed_version("pillow"),
        "platform": platform.platform(),
    }
    if as_json:
        document = {"schema": OUTPUT_SCHEMA, "versions": versions, "runtimes": runtimes, "problems": problems}
        click.echo(json.dumps(document))
    else:
        _print(versions, runtimes, problems)
    return 1 if problems else 0


def _examined(name: Any) -> dict[str, Any]:
    runtime = RUNTIMES[name]
    state = runtime.availability()
    row = {"name": name, "available": state.available, "version": state.version, "reason": state.reason, "broken": False}
    if not state.available:
        return row
    if name in _SLOW_TO_START:
        row["provider"] = "installed; not tested, since starting it takes seconds"
        return row
    try:
        with Predictor(_TRIAL_MODEL, runtime=name) as predictor:
            session = predictor.chosen.session
            row["provider"] = predictor.provider
            if isinstance(session, PlacedSession):
                row |= {"device": session.device, "placement": session.placement.counts()}
            predictor.predict_array(np.zeros((1, SIDE, SIDE), np.uint8))
    except DigitInferError as error:
        row.update(available=False, broken=True, reason=str(error))
    return row


def _conflicts() -> list[str]:
    found = []
    if installed_version("onnxruntime") and installed_version("onnxruntime-gpu"):
        found.append(
            "onnxruntime and onnxruntime-gpu are both installed and overwrite one another: pip uninstall both,"
            " then install digit-infer[cpu] or digit-infer[gpu]"
        )
    if installed_version("tflite-runtime") and int(np.__version__.partition(".")[0]) >= 2:
        found.append(
            f"tflite-runtime needs numpy 1, and numpy {np.__version__} is installed: pip uninstall tflite-runtime,"
            " then install digit-infer[tflite]; or install digit-infer[tflite-legacy] alone"
        )
    return found


def _damaged_files() -> list[str]:
    problems = []
    listed = [zoo.zoo_file(model, file) for model in zoo.models().values() for file in model.files]
    listed += [zoo.ink_file(file.format, file.precision) for file in zoo.manifest().ink.files]
    for file in listed:
        try:
            verify(file)
        except DigitInferError as error:
            problems.append(str(error))
    return problems


def _print(versions: dict[str, Any], runtimes: list[dict[str, Any]], problems: list[str]) -> None:
    click.echo(" · ".join(f"{name} {version}" for name, version in versions.items()))
    print_table(
        [Column("runtime"), Column("state"), Column("version"), Column("why, or what runs", may_wrap=True)],
        [
            (
                row["name"],
                "works" if row["available"] else "broken" if row["broken"] else "no",
                row["version"] or "",
                row["reason"] or _what_runs(row),
            )
            for row in runtimes
        ],
    )
    files = sum(len(model.files) for model in zoo.models().values()) + len(zoo.manifest().ink.files)
    click.echo("\n".join(f"problem: {problem}" for problem in problems) or f"{files} model files: every sha256 is right")


def _what_runs(row: dict[str, Any]) -> str:
    return f"{row['device']}: {described(row['placement'])}" if "placement" in row else str(row["provider"])
