"""What the words on the command line name: files, folders, globs, and ``-`` for standard input."""

from __future__ import annotations

import glob
import os
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from digit_infer.errors import PictureNotFoundError, UsageError

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
