"""Any source of a picture file -> a seekable file at its beginning: paths, bytes, file objects, base64 and data URLs.

What is no regular file is not opened, and errors do not repeat what a text holds.
"""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

from digit_infer.errors import InvalidArrayError, PictureError, PictureNotFoundError, UnreadablePictureError
from digit_infer.image.picture_file import MAX_BYTES, plugin_of, said, too_large

_MAX_ENCODED = MAX_BYTES // 4
"""Characters of base64, which is held several times while it is decoded."""

_BEGIN = 512
_ENCODED = re.compile(rb"\s*(?:data:[^,]{0,200},|[A-Za-z0-9+/_-]{64})", re.IGNORECASE)
"""How a data URL begins, or base64."""

_LONGEST_PATH = 4_096
"""Characters; of a longer text, errors show the beginning."""

_AT_ONCE = 1_000_000
"""Bytes. A smaller file is read at once, which is faster than in the small parts that decoders ask for."""


@contextmanager
def opened(source: Any) -> Iterator[tuple[IO[bytes], str]]:
    """Yield a seekable file at its beginning, with what base64 or a data URL holds, and what errors call it.

    Raises:
        PictureError: there is no such file, it cannot be read or is too large, or this is no source of a picture.
    """
    file, name = _as_file(source)
    with file:
        begin = file.read(_BEGIN)
        if _ENCODED.match(begin):
            yield io.BytesIO(_from_text(begin + file.read(_MAX_ENCODED), name)), name
        else:
            file.seek(0)
            yield file, name


def _as_file(source: Any) -> tuple[IO[bytes], str]:
    if isinstance(source, str | os.PathLike):
        name = os.fsdecode(source) or os.curdir  # making a Path takes a tenth of the time of a small picture
        return (io.BytesIO(name.encode("ascii", "replace")), "the text") if is_text(name) else (open_regular(name), name)
    if isinstance(source, bytes | bytearray | memoryview):
        return io.BytesIO(source.tobytes() if isinstance(source, memoryview) else source), "the picture"
    if hasattr(source, "read"):
        name = str(getattr(source, "name", None) or "the file")
        return io.BytesIO(_content(source, name)), name
    raise InvalidArrayError(
        f"a {type(source).__name__} is no picture", "pass a path, bytes, a binary file, a PIL image or an array"
    )


def _content(file: Any, name: str) -> bytes:
    """Return all bytes of a file object, from its beginning where it can go back there."""
    try:
        if hasattr(file, "seek"):
            with suppress(OSError):  # of which io.UnsupportedOperation is one
                _is_async(file.seek(0))
        content = file.read(MAX_BYTES + 1)
        is_async = _is_async(content)
    except Exception as error:  # a stream may raise anything: it is closed, cut off, or decompresses damaged data
        raise UnreadablePictureError(f"{name} cannot be read ({said(error)})", "open it with mode 'rb'") from error
    if is_async:
        raise UnreadablePictureError(f"{name} is an asynchronous file", "pass what it holds: await file.read()")
    if not isinstance(content, bytes | bytearray | memoryview):
        raise UnreadablePictureError(f"{name} was opened as text", "open it with mode 'rb'")
    if len(content) > MAX_BYTES:
        raise too_large(name, f"more than {MAX_BYTES // 1_000_000} MB in the file")
    return bytes(content)


def _is_async(result: Any) -> bool:
    """Tell whether a call was asynchronous; what it returned is closed, else Python warns that nobody awaits it."""
    if not hasattr(result, "__await__"):
        return False
    if hasattr(result, "close"):
        result.close()
    return True


def open_regular(path: str) -> IO[bytes]:
    """Open a file, if it is one.

    Raises:
        PictureNotFoundError: there is none.
        UnreadablePictureError: it may not be read, or is a folder, a pipe or a device.
    """
    try:
        status = os.stat(path)  # noqa: PTH116  # making a Path takes longer than the call
        if stat.S_ISDIR(status.st_mode):
            if os.access(path, os.R_OK | os.X_OK):
                raise UnreadablePictureError(f"{path} is a folder", "name the pictures in it")
            raise UnreadablePictureError(f"{path} is a folder that may not be read", "check its permissions")
        if not stat.S_ISREG(status.st_mode):
            raise UnreadablePictureError(f"{path} is a pipe, a socket or a device", "give a regular file")
        if status.st_size > _AT_ONCE:
            return open(path, "rb")  # noqa: PTH123  # as above; the caller closes it
        with io.FileIO(path) as file:
            return io.BytesIO(file.read())
    except PictureError:
        raise
    except FileNotFoundError as error:
        raise PictureNotFoundError(f"{path} does not exist", "check the path") from error
    except PermissionError as error:
        raise UnreadablePictureError(f"{path} may not be read", "check its permissions") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UnreadablePictureError(f"{shown(path)} cannot be opened ({reason})", "check the path") from error


def shown(path: str) -> str:
    """Return what errors call a path, which may be a long text that somebody took for a picture."""
    return path if len(path) <= _LONGEST_PATH else f"{path[:40]}…, a text of {len(path):,} characters,"


def is_text(text: str) -> bool:
    """Tell whether a text is a data URL, or base64 of a picture, and no path."""
    if text[:5].lower() == "data:":
        return "," in text[:_BEGIN]
    begin = text[:64].encode("utf-8", "replace")
    return len(text) >= 64 and _ENCODED.match(begin) is not None and plugin_of(_from_text(begin, "the text")) is not None


def _from_text(text: bytes, name: str) -> bytes:
    """Return what a data URL or base64 holds: of either alphabet, padded or not, in lines, or as a form changes it."""
    import base64
    from urllib.parse import unquote_to_bytes

    if len(text) > _MAX_ENCODED:
        raise too_large(name, f"more than {_MAX_ENCODED // 1_000_000} MB of text")
    kind, comma, body = text.partition(b",")
    if not comma:
        kind, body = b";base64", text
    if b"%" in body:
        body = unquote_to_bytes(body)
    if not kind.lower().rstrip().endswith(b";base64"):
        return body
    digits = body.translate(bytes.maketrans(b"-_ ", b"+/+"), b"\t\r\n=")
    try:
        return base64.b64decode(digits + b"=" * (-len(digits) % 4), validate=True)
    except ValueError as error:
        if not comma:
            return text
        raise UnreadablePictureError(f"{name} is a data URL that is damaged ({error})", "send it again") from error
