"""``python -m export``: from a trained model to deployable files, each verified."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from digit_infer.cli.reporting import quiet_native_log
from digit_infer.contract import PRECISIONS, Format, Precision
from digit_infer.zoo import DEFAULT_MODEL
from export.calibration import METHODS, SEED, SIZE, TRAINING_IMAGES, of_training_images
from export.cli import own_options
from export.cli.listed_options import ListedOptions
from export.cli.order import EVERY, Order, pairs_of
from export.pairs import FORMATS

if TYPE_CHECKING:
    from export.calibration import Method
    from export.cli.work import Results
    from export.triton_repository import Backend

SCHEMA = 2


@click.command(cls=ListedOptions)
@click.argument("sources", nargs=-1, metavar="NAME|PATH.keras…")
@click.option("--all", "everything", is_flag=True, help="Export all our networks in every form, and update the zoo.")
@click.option(
    "--format", "formats", type=click.Choice([*FORMATS, EVERY]), multiple=True, default=[EVERY], show_default=True
)
@click.option(
    "--precision", "precisions", type=click.Choice([*PRECISIONS, EVERY]), multiple=True, default=[EVERY], show_default=True
)
@own_options.of_own_networks
@click.option("--calibration-size", "size", type=click.IntRange(1, TRAINING_IMAGES), default=SIZE, show_default=True)
@click.option("--calibration-seed", "seed", type=click.IntRange(min=0), default=SEED, show_default=True)
@click.option("--calibration-method", "method", type=click.Choice(METHODS), default=METHODS[0], show_default=True)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default="exports", show_default=True)
@click.option("--zoo", is_flag=True, help="Also copy the bundled files into the wheel's folder, and update the manifest.")
@click.option(
    "--microcontroller",
    is_flag=True,
    help="Instead, make the int8 TFLite file at a batch of 1 and as a C++ array, proven on TensorFlow Lite Micro.",
)
@click.option(
    "--browser",
    is_flag=True,
    help="Instead, make the TFLite files at a batch of 1, which LiteRT.js wants, proven on it in Chromium.",
)
@click.option(
    "--triton-repository",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Instead, write the networks of the zoo for Triton: NAME, and NAME_picture for its Python backend.",
)
@click.option(
    "--triton-backend",
    type=click.Choice(("onnxruntime", "python")),
    default="onnxruntime",
    show_default=True,
    help="What answers NAME in Triton.",
)
@click.option("--resume", is_flag=True, help="Keep files in --out that have the same checkpoint, tools and code.")
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Networks at a time, with --all.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout, and nothing else there.")
def main(
    sources: tuple[str, ...],
    everything: bool,
    formats: tuple[Format | str, ...],
    precisions: tuple[Precision | str, ...],
    allow_loss: float,
    calibrate: Path | None,
    size: int,
    seed: int,
    method: Method,
    out: Path,
    zoo: bool,
    microcontroller: bool,
    browser: bool,
    triton_repository: Path | None,
    triton_backend: Backend,
    resume: bool,
    jobs: int,
    as_json: bool,
    **own: Any,
) -> int:
    """Export recipes' checkpoints, or Keras files of your own that read 28 × 28 grey digits.

    Every file has the same contract: images uint8 [N, 28, 28] in, probabilities float32 [N, 10] out. If your network needs
    another scale or shape of pixels, or a softmax after its logits, the file contains that too. The ink network, inknet,
    has its own contract: grey uint8 [N, 128, 128] in, ink uint8 [N, 128, 128] out.

    Each file and the trained model are run on the 10,000 MNIST test images. The file is written only if their answers
    agree. Its report, and a sheet of the digits whose answer changed, are written beside it.
    """
    if triton_repository is not None:
        from export.triton_repository import write_repository

        for folder in write_repository(triton_repository, sources or (DEFAULT_MODEL,), triton_backend):
            click.echo(f"written to {folder}")
        return 0
    pairs = pairs_of(formats, precisions)
    order = Order(sources, everything, pairs, calibrate, out, zoo, resume, jobs, microcontroller, browser)
    with quiet_native_log() as stderr:
        from export.cli.work import Results, export_everything, export_source

        results, console = Results(), Console(file=stderr)
        declared = own_options.declared(**own)
        with console.status(f"reading {calibrate}") if calibrate else nullcontext():
            pictures = own_options.pictures(calibrate, stderr)
        calibration = pictures.calibration(size, seed, method) if pictures else of_training_images(size, seed, method)
        if everything:
            export_everything(order, console, results)
        for name in sources:
            export_source(name, order, declared, calibration, pictures, console, results, allow_loss / 100)
    _print(results, as_json=as_json)
    word = "not written" if everything else "error"  # of all, one that cannot be is recorded as such
    for refusal in results.refused:
        click.echo(f"{word}: {refusal.reason}", err=True)
    for error in results.errors:
        click.echo(f"error: {error}", err=True)
    refused = int(bool(results.refused) and not everything)
    return max([refused, *(error.exit_code for error in results.errors)])


def _print(results: Results, *, as_json: bool) -> None:
    if as_json:
        from export.report import text_of

        files = [json.loads(text_of(report)) for report in results.made]
        micro = [asdict(file) for file in results.for_microcontrollers]
        browser, ink = ([asdict(file) for file in made] for made in (results.for_browsers, results.of_ink))
        document = {"schema": SCHEMA, "files": files, "microcontroller": micro, "browser": browser, "ink": ink}
        click.echo(json.dumps(document))
        return
    from export.cli.tables import print_browsers, print_ink, print_microcontrollers, print_reports

    if results.made:
        print_reports(results.made)
    if results.for_microcontrollers:
        print_microcontrollers(results.for_microcontrollers)
    if results.for_browsers:
        print_browsers(results.for_browsers)
    if results.of_ink:
        print_ink(results.of_ink)
