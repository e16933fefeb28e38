"""A model's file: its facts, its integrity, and its format."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from digit_infer.contract import DIGITS, SAVED_MODEL, SUFFIXES, Contract, Format, Precision, format_of, is_saved_model
from digit_infer.errors import DamagedModelError, MissingModelFileError, UnknownModelError
from digit_infer.files import irregular

LARGEST_OWN_FILE = 512_000_000
"""Bytes; the largest file of the zoo has 13 million."""

_HDF5 = b"\x89HDF\r\n\x1a\n"


@dataclass(frozen=True)
class ModelFile:
    """A model's file, and the contract of its input and output.

    ``precision`` and ``sha256`` are None for a user's own file.
    """

    model: str
    path: Path
    format: Format
    precision: Precision | None
    bytes: int
    sha256: str | None = None
    contract: Contract = DIGITS


def format_of_own(path: Path) -> Format:
    """Return the format of a user's own model file by its suffix.

    Raises:
        UnknownModelError: the suffix names no format.
    """
    model_format = format_of(path)
    if model_format is None:
        what = f"is a folder without {SAVED_MODEL}" if path.is_dir() else "has no suffix of a model file"
        raise UnknownModelError(f"{path} {what}", f"give a SavedModel, or a file that ends in {', '.join(SUFFIXES)}")
    return model_format


def own_file(path: Path) -> ModelFile:
    """Find a user's own model file.

    Raises:
        UnknownModelError: its suffix names no format.
        MissingModelFileError: it does not exist.
        DamagedModelError: it cannot be read, is empty or too large, or holds another format than its suffix says.
    """
    model_format = format_of_own(path)
    if is_saved_model(path):
        size = sum(part.stat().st_size for part in _parts(path))
        if size > LARGEST_OWN_FILE:
            raise DamagedModelError(f"{path} has {size:,} bytes", f"a model of digits has at most {LARGEST_OWN_FILE:,}")
        return ModelFile(str(path), path, model_format, None, size)
    with _opened(path) as file:
        head = file.read(8)
        size = file.seek(0, os.SEEK_END)
    if not size:
        raise DamagedModelError(f"{path} is empty", "export it again")
    if size > LARGEST_OWN_FILE:
        raise DamagedModelError(f"{path} has {size:,} bytes", f"a model of digits has at most {LARGEST_OWN_FILE:,}")
    held = format_by_content(head)
    if held not in (None, model_format):
        raise DamagedModelError(f"{path} holds a {held} model", f"rename it to end in .{held}")
    if model_format == "keras" and not head.startswith(_HDF5):
        from digit_infer.runtimes.keras_file import check_archive  # the other formats do not need it

        check_archive(path)
    return ModelFile(str(path), path, model_format, None, size)


def format_by_content(head: bytes) -> Format | None:
    """Return a model's format by the first eight bytes of its file, or None where they do not show it."""
    if head[4:8] == b"TFL3":
        return "tflite"
    if head.startswith((b"PK\x03\x04", _HDF5)):
        return "keras"
    # ONNX has no magic number: it is a protocol buffer whose first field is a version, and others follow.
    return "onnx" if len(head) > 2 and head[0] == 0x08 and head[1] < 0x20 and head[2] in (0x12, 0x3A, 0x42) else None


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file in hexadecimal; of a SavedModel, that of all its files, by their names.

    Raises:
        MissingModelFileError, DamagedModelError: it does not exist or cannot be read.
    """
    import hashlib  # it loads OpenSSL; a thread does that while the runtime's library is imported

    if is_saved_model(path):
        return hashlib.sha256("".join(f"{part.name} {sha256_of(part)}\n" for part in _parts(path)).encode()).hexdigest()
    with _opened(path) as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def verify(file: ModelFile | None) -> None:
    """Compare a file's sha256 with the expected one; a file without one passes.

    Raises:
        MissingModelFileError: it does not exist.
        DamagedModelError: it cannot be read, or its sha256 differs.
    """
    if file is None or file.sha256 is None:
        return
    found = sha256_of(file.path)
    if found != file.sha256:
        raise DamagedModelError(
            f"{file.path} is truncated or altered: its sha256 is {found[:12]}…, not {file.sha256[:12]}…",
            "install digit-infer again",
        )


def _parts(folder: Path) -> list[Path]:
    """Return the files of a SavedModel that make its answers."""
    return [folder / SAVED_MODEL, *sorted((folder / "variables").glob("*")), *sorted((folder / "assets").glob("*"))]


@contextmanager
def _opened(path: Path) -> Iterator[BufferedReader]:
    if "\0" in str(path):
        raise MissingModelFileError(f"{str(path)!r} does not exist", "check the path")
    try:
        if (what := irregular(path)) is not None:  # opening a pipe would wait for its writer
            raise DamagedModelError(f"{path} is {what}", "give a regular file")
        with path.open("rb") as file:
            yield file
    except FileNotFoundError as error:
        raise MissingModelFileError(f"{path} does not exist", "check the path") from error
    except OSError as error:
        raise DamagedModelError(
            f"{path} cannot be read ({error.strerror})", "check the path and its permissions"
        ) from error
