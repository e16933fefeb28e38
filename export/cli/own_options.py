"""The options of ``python -m export`` that are about networks and pictures of the user's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, TypeVar

import click

from export.preprocessing import Preprocessing

if TYPE_CHECKING:
    from export.answers import Ending
    from export.own_network import Declared
    from export.own_pictures import OwnPictures

_Command = TypeVar("_Command", bound=Callable[..., object])

_OPTIONS = (
    click.option(
        "--scale",
        type=float,
        default=1.0,
        show_default=True,
        help="The largest value of a pixel in training: 255 for 0..255, as for a network that rescales inside.",
    ),
    click.option(
        "--mean",
        type=float,
        default=0.0,
        show_default=True,
        help="Then subtracted, in units of --scale: --mean 0.1307 --std 0.3081, or --scale 255 --mean 33.3 --std 78.6.",
    ),
    click.option("--std", type=float, default=1.0, show_default=True, help="Then divided by: (pixel - mean) / std."),
    click.option("--invert", "inverted", is_flag=True, help="The network was trained on dark ink on light ground."),
    click.option(
        "--logits/--probabilities",
        "logits",
        default=None,
        help="What the network ends in; logits get a softmax. Without either, its answers to real digits tell.",
    ),
    click.option(
        "--calibrate",
        type=click.Path(path_type=Path),
        metavar="FOLDER",
        help="Pictures of your own: int8 takes its ranges from them, and every file is proven on them as well."
        " Sorted into FOLDER/0 … FOLDER/9, they give an accuracy, too.",
    ),
    click.option(
        "--import",
        "code",
        type=click.Path(path_type=Path),
        metavar="FILE.py",
        help="Run this file first, for the layers and models of your own that it defines. It may do whatever Python may.",
    ),
)


def of_own_networks(command: _Command) -> _Command:
    """Give a command these options."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def declared(*, scale: float, mean: float, std: float, inverted: bool, logits: bool | None, code: Path | None) -> Declared:
    """Return what the user says of a network; the file of ``--import`` is run here.

    Raises:
        UsageError: numbers that no preprocessing has, or a file that is no Python file.
        MissingModelFileError, ExportError: there is no such file, or it fails.
    """
    preprocessing = Preprocessing(scale, mean, std, inverted)
    from export.own_network import Declared
    from export.user_code import run_user_code

    ending: Ending | None = None if logits is None else "logits" if logits else "probabilities"
    return Declared(preprocessing, ending, run_user_code(code) if code else {})


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
