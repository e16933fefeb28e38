"""What several commands take: shared options, and the pictures that words on the command line name."""

from __future__ import annotations

import glob
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from digit_infer.contract import PRECISIONS
from digit_infer.errors import PictureNotFoundError, UsageError
from digit_infer.runtimes.protocol import RUNTIME_NAMES
from digit_infer.zoo import DEFAULT_MODEL
from digit_infer.zoo.resolve import MAX_THREADS

F = TypeVar("F", bound=Callable[..., Any])


def complete_model(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Offer the zoo's names to the shell."""
    del context, parameter
    from digit_infer.zoo import models

    return [name for name in models() if name.startswith(incomplete)]


model_option = click.option(
    "--model",
    default=DEFAULT_MODEL,
    show_default=True,
    shell_complete=complete_model,
    help="A model of the zoo, or the path of a .onnx, .tflite or .keras file.",
)
runtime_option = click.option(
    "--runtime",
    type=click.Choice([*RUNTIME_NAMES, "auto"]),
    default="auto",
    show_default=True,
    help="Where to run it; auto takes the fastest for one picture that is available, and says which.",
)
precision_option = click.option(
    "--precision", type=click.Choice(PRECISIONS), help="Which of the zoo's files; the most exact one by default."
)
threads_option = click.option(
    "--threads", type=click.IntRange(1, MAX_THREADS), help="Threads that one call may use. [default: 1]"
)
reject_option = click.option(
    "--reject-below",
    type=click.FloatRange(0, 1),
    metavar="SHARE",
    help="Less confidence than this means that there is no digit. [default: the model's own measure]",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout, and nothing else there.")


def answering(function: F) -> F:
    """Give a command ``pictures``, and what is to answer them: a model, where it runs, and what it rejects."""
    for option in (reject_option, threads_option, precision_option, runtime_option, model_option):
        function = option(function)
    return click.argument("pictures", nargs=-1, required=True, metavar="PICTURE…")(function)


def drawing_option(name: str, what: str) -> Callable[[F], F]:
    """Return an option that names a PNG file to draw in; ``pictures.check_drawing`` sees whether it can be."""
    return click.option(name, type=click.Path(path_type=Path, dir_okay=False), metavar="OUT.png", help=what)


SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".pgm", ".ppm")
"""What counts as a picture in a folder."""


@dataclass(frozen=True)
class NamedPicture:
    """A picture to answer, under the name that the answer will carry."""

    name: str
    source: str | bytes


def named_pictures(words: Iterable[str]) -> list[NamedPicture]:
    """Return the pictures that the words name, in order; folders with all that lies below them, sorted by name.

    A word that is neither is taken for a file's name, so that reading it gives the error in its place.

    Reading them answers what is too large by an error: Pillow's warning, which would come before it, is made the same.

    Raises:
        PictureNotFoundError: a folder without a picture, or a pattern that matches nothing.
    """
    warnings.filterwarnings("error", "Image size")
    return [picture for word in words for picture in _named(word)]


def check_drawing(option: str, path: Path, pictures: Sequence[NamedPicture]) -> None:
    """Refuse a file that an option names to draw in.

    Raises:
        UsageError: there is not one picture to draw, the file is no PNG, or it is the picture.
    """
    if len(pictures) != 1:
        raise UsageError(f"{option} draws one picture", "name one picture")
    if path.suffix.lower() != ".png":
        raise UsageError(f"{path} does not end in .png", "name a PNG file")
    if path.resolve() == Path(pictures[0].name).resolve():
        raise UsageError(f"{path} is the picture itself", "name another file")


def _named(word: str) -> list[NamedPicture]:
    path = Path(word)
    if word == "-":
        if sys.stdin is None:
            raise UsageError("standard input is closed", "pipe a picture into it, or name a file")
        return [NamedPicture(word, sys.stdin.buffer.read())]
    if path.is_dir():
        found = list(_below(str(path)))
        advice = f"pictures end in {', '.join(SUFFIXES)}"
    elif not path.exists() and glob.has_magic(word):
        matches = sorted(glob.glob(word, recursive=True))  # noqa: PTH207  # Path.glob takes no absolute pattern
        found = list(filter(os.path.isfile, matches))
        advice = "correct the pattern"
    else:
        found, advice = [str(path)], ""
    if not found:
        raise PictureNotFoundError(f"{word} holds no picture", advice)
    return [NamedPicture(file, file) for file in found]


def _below(folder: str) -> Iterator[str]:
    """Yield the pictures below a folder; a link to another folder is not followed, since it might lead back."""
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            yield from _below(entry.path)
        elif entry.name.lower().endswith(SUFFIXES):
            yield entry.path
