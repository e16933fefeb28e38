"""``python -m export``: from a trained Keras model to deployable files, each proven."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from rich.console import Console

from digit_infer.cli.native_log import quiet_native_log
from digit_infer.cli.reporting import ReportingCommand
from digit_infer.cli.tables import Column, print_table
from digit_infer.contract import PRECISIONS, Format, Precision
from digit_infer.errors import DigitInferError, UsageError
from digit_infer.files import write_text
from digit_infer.zoo.manifest import ZooFile
from export import own_options

if TYPE_CHECKING:
    from export.own_network import Declared
    from export.own_pictures import OwnPictures

SCHEMA = 1
_FORMATS: tuple[Format, ...] = ("onnx", "tflite")
_ALL = "all"


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
@click.option("--format", "formats", type=click.Choice([*_FORMATS, _ALL]), multiple=True, default=[_ALL], show_default=True)
@click.option(
    "--precision", "precisions", type=click.Choice([*PRECISIONS, _ALL]), multiple=True, default=[_ALL], show_default=True
)
@own_options.of_own_networks
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default="exports", show_default=True)
@click.option("--zoo", is_flag=True, help="Instead, make what the wheel holds and enter it into the manifest.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout, and nothing else there.")
def main(
    sources: tuple[str, ...],
    formats: tuple[Format | str, ...],
    precisions: tuple[Precision | str, ...],
    calibrate: Path | None,
    out: Path,
    zoo: bool,
    as_json: bool,
    **own: Any,
) -> int:
    """Export recipes' checkpoints, or Keras files of your own that read 28 × 28 grey digits.

    Every file keeps one contract: images uint8 [N, 28, 28] in, probabilities float32 [N, 10] out. What a network of your
    own wants besides (pixels on another scale, another shape, a softmax behind its logits) comes inside the file.

    Each file is run over the 10,000 MNIST test images beside the trained model, and written only if it answers the same.
    """
    wanted = list(product(_meant(formats, _FORMATS), _meant(precisions, PRECISIONS)))
    stems = [Path(name).stem for name in sources]
    if twice := {stem for stem in stems if stems.count(stem) > 1}:
        raise UsageError(f"two sources would write the same files ({', '.join(twice)})", "export them one by one")
    if zoo and calibrate:
        raise UsageError("the zoo's files take their ranges from MNIST's training images", "leave --calibrate out")
    made: list[ZooFile] = []
    errors: list[DigitInferError] = []
    with quiet_native_log() as stderr:
        console = Console(file=stderr)
        declared = own_options.declared(**own)
        with console.status(f"reading {calibrate}") if calibrate else nullcontext():
            pictures = own_options.pictures(calibrate, stderr)
        for name in sources:
            _export(name, declared, pictures, wanted, None if zoo else out, console, made, errors)
    if as_json:
        click.echo(json.dumps({"schema": SCHEMA, "files": [asdict(file) for file in made]}))
    elif made:
        _print(made)
    for error in errors:
        click.echo(f"error: {error}", err=True)
    return max((error.exit_code for error in errors), default=0)


_Word = TypeVar("_Word", Format, Precision)


def _meant(words: Sequence[_Word | str], known: tuple[_Word, ...]) -> list[_Word]:
    """Return what was named, in the order of the table.

    Raises:
        UsageError: all, and some of them besides.
    """
    if not words:
        raise UsageError("nothing to make", "name a format and a precision")
    if _ALL in words and set(words) != {_ALL}:
        raise UsageError("all of them and some of them contradict one another", "leave one out")
    return [word for word in known if word in words or _ALL in words]


def _export(
    name: str,
    declared: Declared,
    pictures: OwnPictures | None,
    wanted: list[tuple[Format, Precision]],
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
            source = load_source(name, declared)
            exporter = Exporter(source, own=pictures)
        for note in source.notes:
            click.echo(note, file=console.file)
        if out is None:
            with console.status(f"{name}: converting and proving"):
                made += put_into_zoo(exporter).files
            return
    except DigitInferError as error:
        errors.append(error)
        return
    for model_format, precision in wanted:
        try:
            with console.status(f"{name}: {precision} as {model_format}"):
                file = exporter.export(model_format, precision, out)
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
    own_options.print_own(files)


if __name__ == "__main__":
    main(prog_name="python -m export")
