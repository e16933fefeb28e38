"""What the words on the command line name: files, folders, globs, and ``-`` for standard input."""

from __future__ import annotations

import glob
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from digit_infer.errors import PictureNotFoundError

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".pgm", ".ppm")
"""What counts as a picture in a folder."""


@dataclass(frozen=True)
class NamedPicture:
    """A picture to answer, under the name that the answer will carry."""

    name: str
    source: Path | bytes


def named_pictures(words: Iterable[str]) -> Iterator[NamedPicture]:
    """Yield the pictures that the words name, in order; folders with all that lies below them, sorted by name.

    A word that names nothing is yielded as it is, so that reading it gives the error in its place.

    Raises:
        PictureNotFoundError: a folder without a picture, or a glob that matches nothing.
    """
    for word in words:
        if word == "-":
            yield NamedPicture("-", sys.stdin.buffer.read())
            continue
        path = Path(word)
        if path.is_dir():
            yield from _listed(sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES), word, "folder")
        elif not path.exists() and glob.has_magic(word):
            matches = (Path(match) for match in sorted(glob.glob(word, recursive=True)))
            yield from _listed([match for match in matches if match.is_file()], word, "pattern")
        else:
            yield NamedPicture(word, path)


def _listed(files: list[Path], word: str, kind: str) -> Iterator[NamedPicture]:
    if not files:
        raise PictureNotFoundError(
            f"the {kind} {word} names no picture", f"pictures end in {', '.join(SUFFIXES)}" if kind == "folder" else "quote or correct it"
        )
    for file in files:
        yield NamedPicture(str(file), file)
