"""Atomic writing of files, and checks of paths."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from digit_infer.errors import UsageError

UNFINISHED = ".writing-"
"""The name of a temporary file begins with this, and the number of the process that writes it."""


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the same folder, with the same suffix; on success it is renamed to ``path``.

    On an error the temporary file is deleted, and ``path`` stays as it was.
    """
    import tempfile  # slow to import, and not needed for reading

    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f"{UNFINISHED}{os.getpid()}-", suffix=path.suffix, dir=path.parent)
    os.close(descriptor)
    temporary = Path(name)
    try:
        yield temporary
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)  # mkstemp sets 0600, which hides the file from other users
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file atomically."""
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_bytes(path: Path, content: bytes) -> None:
    """Write a binary file atomically."""
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)


def remove_unfinished(folder: Path) -> None:
    """Remove temporary files left by killed processes; those of running processes stay."""
    if sys.platform == "win32":  # os.kill(pid, 0) would end the process there
        return
    for path in folder.glob(f"{UNFINISHED}*-*"):
        number = path.name.removeprefix(UNFINISHED).partition("-")[0]
        if not number.isdecimal():
            continue
        try:
            os.kill(int(number), 0)
        except ProcessLookupError:
            path.unlink(missing_ok=True)
        except (PermissionError, OverflowError):
            continue


def irregular(path: Path) -> str | None:
    """Return what a path is, in words, or None for a regular file.

    Raises:
        OSError: it does not exist, or permission is denied.
    """
    mode = path.stat().st_mode
    if stat.S_ISREG(mode):
        return None
    return "a folder" if stat.S_ISDIR(mode) else "a pipe, a socket or a device"


def check_writable(path: Path) -> None:
    """Check that a file can be written, before its content is computed; missing parent folders are created.

    Raises:
        UsageError: it cannot be written.
    """
    import tempfile  # as above

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and (what := irregular(path)) is not None:
            raise UsageError(f"{path} is {what}", "name a file")
        with tempfile.NamedTemporaryFile(prefix=f"{UNFINISHED}{os.getpid()}-", dir=path.parent):
            return
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror})", "name another file") from error
