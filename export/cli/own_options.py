"""The options of ``python -m export`` that are about networks and pictures of the user's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from digit_infer.cli.options import of_own_file, pixels_of, positions

if TYPE_CHECKING:
    from digit_infer.runtimes.adapter import Layout
    from export.answers import Ending
    from export.own_network import Declared
    from export.own_pictures import OwnPictures

_Command = TypeVar("_Command", bound=Callable[..., object])

_OPTIONS = (
    click.option(
        "--logits/--probabilities",
        "logits",
        default=None,
        help="Output of the network; a softmax is added to logits. [default: detected from its answers to digits]",
    ),
    click.option(
        "--allow-loss",
        type=click.FloatRange(0, 100),
        default=0.0,
        metavar="POINTS",
        help="Percentage points of accuracy that an integer file may lose. [default: 0.2]",
    ),
    click.option(
        "--calibrate",
        type=click.Path(path_type=Path),
        metavar="FOLDER",
        help="Your own pictures: int8 is calibrated with them, and every file is verified on them as well."
        " Sorted into FOLDER/0 … FOLDER/9, they also give an accuracy.",
    ),
    click.option(
        "--import",
        "code",
        type=click.Path(path_type=Path),
        metavar="FILE.py",
        help="Run this file first; it defines your own layers and models. It can do anything that Python can.",
    ),
)


def of_own_networks(command: _Command) -> _Command:
    """Give a command these options."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return of_own_file(command)


def declared(
    *, logits: bool | None, code: Path | None, classes: str | None, layout: Layout | None, **pixels: Any
) -> Declared:
    """Return what the user declares of a network; the file of ``--import`` is run here.

    Raises:
        UsageError: numbers that no preprocessing has, or a file that is no Python file.
        MissingModelFileError, ExportError: there is no such file, or it fails.
    """
    preprocessing = pixels_of(**pixels)
    from export.own_network import Declared
    from export.user_code import run_user_code

    ending: Ending | None = None if logits is None else "logits" if logits else "probabilities"
    chosen = None if classes is None else positions(classes)
    return Declared(preprocessing, ending, run_user_code(code) if code else {}, layout, chosen)


def pictures(folder: Path | None, stderr: TextIO) -> OwnPictures | None:
    """Read the pictures of ``--calibrate``, and tell which cannot be read.

    Raises:
        PictureError: there is no such folder, no picture in it, or none that can be read.
    """
    if folder is None:
        return None
    from export.own_pictures import read_pictures

    own = read_pictures(folder)
    for note in own.notes:
        click.echo(note, file=stderr)
    return own
