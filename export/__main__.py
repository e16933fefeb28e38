"""``python -m export``: from a trained Keras model to deployable files, each proven."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import product
from pathlib import Path

import click
from rich.console import Console

from digit_infer.cli.native_log import quiet_native_log
from digit_infer.cli.reporting import ReportingCommand
from digit_infer.cli.tables import Column, print_table
from digit_infer.contract import PRECISIONS, Format, Precision
from digit_infer.errors import DigitInferError, UsageError
from digit_infer.files import write_text
from digit_infer.zoo.manifest import ZooFile

SCHEMA = 1
_FORMATS: tuple[Format, ...] = ("onnx", "tflite")


class ListedOptions(ReportingCommand):
    """A command whose repeatable options also take several words: ``--format onnx tflite``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Give each word that is a choice of the option before it an option of its own."""
        choices = {
            flag: parameter.type.choices
            for parameter in self.params
            if isinstance(parameter, click.Option) and parameter.multiple and isinstance(parameter.type, click.Choice)
            for flag in parameter.opts
        }
        spread: list[str] = []
        flag, given = "", 0
        for word in args:
            if flag and word in choices[flag]:
                spread += [flag, word]
                given += 1
                continue
            if flag and not given:  # click says what is wrong with the word, or that there is none
                spread.append(flag)
            flag, given = (word, 0) if word in choices else ("", 0)
            if not flag:
                spread.append(word)
        if flag and not given:
            spread.append(flag)
        return super().parse_args(ctx, spread)


@click.command(cls=ListedOptions)
@click.argument("sources", nargs=-1, required=True, metavar="NAME|PATH.keras…")
@click.option("--format", "formats", type=click.Choice(_FORMATS), multiple=True, default=_FORMATS, show_default=True)
@click.option(
    "--precision", "precisions", type=click.Choice(PRECISIONS), multiple=True, default=PRECISIONS, show_default=True
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default="exports", show_default=True)
@click.option("--zoo", is_flag=True, help="Instead, make what the wheel holds and enter it into the manifest.")
@click.option(
    "--microcontroller",
    is_flag=True,
    help="Instead, make the int8 TFLite file at a batch of 1 and as a C++ array, proven on TensorFlow Lite Micro.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout, and nothing else there.")
def main(
    sources: tuple[str, ...],
    formats: tuple[Format, ...],
    precisions: tuple[Precision, ...],
    out: Path,
    zoo: bool,
    microcontroller: bool,
    as_json: bool,
) -> int:
    """Export recipes' checkpoints, or Keras files for 28 × 28 digits with pixels in 0..1.

    Every file keeps one contract: images uint8 [N, 28, 28] in, probabilities float32 [N, 10] out.

    Each file is run over the 10,000 MNIST test images beside the trained model, and written only if it answers the same.
    """
    if not formats or not precisions:
        raise UsageError("nothing to make", "name a format and a precision")
    if zoo and microcontroller:
        raise UsageError("the zoo holds no files for microcontrollers", "leave --zoo or --microcontroller out")
    stems = [Path(name).stem for name in sources]
    if twice := {stem for stem in stems if stems.count(stem) > 1}:
        raise UsageError(f"two sources would write the same files ({', '.join(twice)})", "export them one by one")
    made: list[ZooFile] = []
    errors: list[DigitInferError] = []
    with quiet_native_log() as stderr:
        for name in sources:
            if microcontroller:
                _export_microcontroller(name, out, Console(file=stderr), made, errors)
            else:
                _export(name, formats, precisions, None if zoo else out, Console(file=stderr), made, errors)
    if as_json:
        click.echo(json.dumps({"schema": SCHEMA, "files": [asdict(file) for file in made]}))
    elif made:
        _print(made)
    for error in errors:
        click.echo(f"error: {error}", err=True)
    return max((error.exit_code for error in errors), default=0)


def _export(
    name: str,
    formats: tuple[Format, ...],
    precisions: tuple[Precision, ...],
    out: Path | None,
    console: Console,
    made: list[ZooFile],
    errors: list[DigitInferError],
) -> None:
    """Make the files of one source, into the zoo where ``out`` is None. A file that fails does not keep the others away."""
    from export.pipeline import Exporter, put_into_zoo
    from export.source import load_source

    try:
        with console.status(f"{name}: loading, and running the trained model over the test images"):
            exporter = Exporter(load_source(name))
        if out is None:
            with console.status(f"{name}: converting and proving"):
                made += put_into_zoo(exporter).files
            return
    except DigitInferError as error:
        errors.append(error)
        return
    for model_format, precision in product(formats, precisions):
        try:
            with console.status(f"{name}: {precision} as {model_format}"):
                file = exporter.export(model_format, precision, out)
        except DigitInferError as error:
            errors.append(error)
        else:
            made.append(file)
            _write_parity(out, file)


def _export_microcontroller(
    name: str, out: Path, console: Console, made: list[ZooFile], errors: list[DigitInferError]
) -> None:
    """Make the three files of one source."""
    from export.microcontroller import export_microcontroller
    from export.pipeline import Exporter
    from export.source import load_source

    try:
        with console.status(f"{name}: converting, and proving picture by picture on TensorFlow Lite Micro"):
            file = export_microcontroller(Exporter(load_source(name)), out).file
    except DigitInferError as error:
        errors.append(error)
    else:
        made.append(file)
        _write_parity(out, file)


def _write_parity(folder: Path, file: ZooFile) -> None:
    """Put beside a file its proof, for whoever receives it."""
    write_text(folder / f"{file.file}.parity.json", json.dumps({"schema": SCHEMA, **asdict(file)}, indent=1) + "\n")


def _print(files: list[ZooFile]) -> None:
    columns = [
        Column("file"),
        Column("bytes", number=True),
        Column("largest difference", number=True, may_wrap=True),
        Column("mean", number=True),
        Column("flips", number=True),
        Column("accuracy", number=True),
        Column("95 % interval", may_wrap=True),
        Column("proved on", may_wrap=True),
    ]
    rows = [
        (
            file.file,
            f"{file.bytes:,}",
            f"{file.parity.largest_difference:.2g}",
            f"{file.parity.mean_difference:.2g}",
            str(len(file.parity.flips)),
            f"{file.parity.accuracy.share:.4f}",
            f"{file.parity.accuracy.low:.4f} to {file.parity.accuracy.high:.4f}",
            file.parity.runtime,
        )
        for file in files
    ]
    print_table(columns, rows)


if __name__ == "__main__":
    main(prog_name="python -m export")
