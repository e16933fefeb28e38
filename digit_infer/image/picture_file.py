"""A picture file -> a Pillow image that is not decoded yet: of the formats listed here alone, and within stated bounds.

The format is told by the file's first bytes, and its one decoder is called, so that no other sees untrusted bytes, and none
is loaded that is not needed.
"""

from __future__ import annotations

import logging
import os
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import import_module
from typing import IO, TYPE_CHECKING, Any

from digit_infer.errors import (
    InvalidArrayError,
    PictureTooLargeError,
    UnreadablePictureError,
)

if TYPE_CHECKING:
    from PIL import Image
    from PIL.ImageFile import ImageFile

MAX_PIXELS = 80_000_000
"""More than this is not decoded: photographs of phones have up to half of it."""

MAX_BYTES = 320_000_000
"""More than this is not taken up by a picture while it is decoded, nor read from a file object."""

SUPPORTED = "PNG, JPEG, GIF, BMP, TIFF, WebP, AVIF, JPEG 2000, ICO, PPM, PGM or TGA"

_HEADER = 1_024
"""So many bytes tell the format, and whether Pillow may warn: of odd TIFF, ICO and animated PNG files, and of odd EXIF."""

_PLUGINS = {
    b"\x89PNG\r\n\x1a\n": "Png",
    b"\xff\xd8\xff": "Jpeg",
    b"GIF87a": "Gif",
    b"GIF89a": "Gif",
    b"BM": "Bmp",
    b"II*\0": "Tiff",
    b"MM\0*": "Tiff",
    b"II+\0": "Tiff",
    b"MM\0+": "Tiff",
    b"\xff\x4f\xff\x51": "Jpeg2K",
    b"\0\0\0\x0cjP  \r\n\x87\n": "Jpeg2K",
    b"\0\0\1\0": "Ico",
    **{b"P%d" % kind: "Ppm" for kind in range(1, 7)},
    b"Pf": "Ppm",
}
"""What a file begins with, and the module of Pillow that decodes it."""

_HEIF = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")

_REFUSED = {
    b"%PDF": "a PDF document: save its page as PNG, as by pdftoppm -png -r 150",
    b"%!PS": "PostScript, as EPS is: save it as PNG",
    b"\xc5\xd0\xd3\xc6": "PostScript, as EPS is: save it as PNG",
    b"8BPS": "a Photoshop document: save it as PNG",
    b"<?xml": "an XML document: save its drawing as PNG",
    b"<!DOCTYPE html": "an HTML page: save its picture as PNG",
    b"<html": "an HTML page: save its picture as PNG",
    b"DDS ": "a DDS texture: save it as PNG",
    b"icns": "an icon of macOS: save it as PNG",
    b"\x89HDF": "an HDF5 file: pass its array",
    b"SIMPLE": "a FITS file: pass its array",
    b"\x93NUMPY": "a numpy array: pass numpy.load of it",
}

_PER_PIXEL = {"1": 2, "L": 2, "P": 9, "I;16": 6, "I": 12, "F": 12, "RGBA": 8, "LA": 12, "PA": 12, "La": 12, "RGBa": 12}
_PER_COLOUR_PIXEL = 4
_PER_COEFFICIENTS = 6
_COPIES = {"WebP": 4, "Avif": 4, "Jpeg2K": 5, "as_plugin": 2}
"""Bytes that a pixel takes up while it is decoded, by mode, as Pillow holds it; progressive JPEG holds its coefficients
besides, and some decoders hold several copies."""

logging.getLogger("PIL").addHandler(logging.NullHandler())  # else Python prints what Pillow logs and nobody handles

_AS_IT_IS = nullcontext()
_FILTERS = threading.Lock()
_IMPORTING = threading.Lock()
"""Held while a process is forked: else another thread may hold Python's own lock of a decoder's module for ever."""


def _after_fork() -> None:
    global _FILTERS  # a thread that is not in this process may have held it
    _FILTERS = threading.Lock()
    _IMPORTING.release()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(before=_IMPORTING.acquire, after_in_parent=_IMPORTING.release, after_in_child=_after_fork)

_ICON_TABLE = 6
_ICON_ENTRY = 16
_LARGEST_ICON = 1_024
"""An ICO file's table begins at the first byte, has so many bytes for each picture, and none is larger."""


def check_size(size: tuple[int, int], name: str) -> None:
    """Refuse pictures with no pixels, or with more than ``MAX_PIXELS``.

    Raises:
        PictureTooLargeError, InvalidArrayError: it has too many, or none.
    """
    width, height = size
    if width * height > MAX_PIXELS:
        raise too_large(name, f"{width} × {height} pixels")
    if width == 0 or height == 0:
        raise InvalidArrayError(f"{name} has {width} × {height} pixels", "give a picture with at least one")


def too_large(name: str, size: str) -> PictureTooLargeError:
    """Return the error that names the limits."""
    return PictureTooLargeError(
        f"{name} is too large ({size}; at most {MAX_PIXELS // 1_000_000} million pixels and "
        f"{MAX_BYTES // 1_000_000} MB in memory)",
        "make it smaller first",
    )


def said(error: Exception) -> str:
    """Return the first line of what another library's error says, or its name."""
    return (str(error).splitlines() or [""])[0] or type(error).__name__


def quiet(is_needed: bool) -> AbstractContextManager[None]:  # noqa: FBT001  # it is all that there is to say
    """Keep Pillow from warning of odd files. One thread at a time, since Python has one list of filters."""
    return _without_warnings() if is_needed else _AS_IT_IS


@contextmanager
def _without_warnings() -> Iterator[None]:
    with _FILTERS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def identified(file: IO[bytes], name: str) -> ImageFile:
    """Return the image in a file, or what Pillow's decoder of its format raises.

    Raises:
        UnreadablePictureError: it is empty, or of no supported format.
        PictureTooLargeError: decoding it would take too much memory.
    """
    header = file.read(_HEADER)
    plugin = _plugin(header, name)
    file.seek(0)
    if plugin == "Ico":  # which Pillow decodes at once
        _check_icon(file, header, name)
    decoder = _decoder(plugin, name)
    with quiet(plugin in ("Tiff", "Ico") or b"acTL" in header or b"Exif" in header):
        image: ImageFile = decoder(file, "")
    check_size(image.size, name)
    return image


def check_memory(image: Image.Image, full: tuple[int, int], name: str, copies: int = 1) -> None:
    """Refuse an image that would take more than ``MAX_BYTES`` while it is decoded; ``full`` is its size before ``draft``.

    ``copies`` is more than 1 for a frame that is drawn on the one before it.

    Raises:
        PictureTooLargeError: it would.
    """
    width, height = image.size
    plugin = type(image).__module__.rpartition(".")[2].removesuffix("ImagePlugin")
    per_pixel = _PER_PIXEL.get(image.mode, _PER_COLOUR_PIXEL) * _COPIES.get(plugin, 1) * copies
    needed = width * height * per_pixel
    if image.info.get("progressive"):
        needed += full[0] * full[1] * _PER_COEFFICIENTS
    if needed > MAX_BYTES:
        raise too_large(name, f"{full[0]} × {full[1]} pixels would take about {needed // 1_000_000} MB")


def plugin_of(header: bytes) -> str | None:
    """Return the module of Pillow that decodes a file, if its first bytes tell; pillow_heif counts as one."""
    for begins, plugin in _PLUGINS.items():
        if header.startswith(begins):
            return plugin
    if header.startswith(b"RIFF") and header[8:12] == b"WEBP":
        return "WebP"
    if header[4:8] == b"ftyp":
        is_heif = header[8:12] in _HEIF and b"avif" not in header
        return "Heif" if is_heif else "Avif"
    return None


def _plugin(header: bytes, name: str) -> str:
    if not header:
        raise UnreadablePictureError(f"{name} is empty", f"give a {SUPPORTED} file")
    plugin = plugin_of(header)
    if plugin is not None:
        return plugin
    begin = header.removeprefix(b"\xef\xbb\xbf").lstrip()
    if begin.startswith(b"<") and b"<svg" in begin:
        raise UnreadablePictureError(f"{name} is an SVG drawing", "save it as PNG")
    for begins, what in _REFUSED.items():
        if begin.lower().startswith(begins.lower()):
            kind, _, advice = what.partition(": ")
            raise UnreadablePictureError(f"{name} is {kind}", advice)
    if name.lower().endswith(".tga"):  # whose files begin with nothing that tells them
        return "Tga"
    raise UnreadablePictureError(f"{name} is no picture that can be read", f"give a {SUPPORTED} file")


def _decoder(plugin: str, name: str) -> Any:
    """Return the class of Pillow, or of pillow_heif, that decodes a file."""
    try:
        with _IMPORTING:
            return getattr(
                import_module("pillow_heif" if plugin == "Heif" else f"PIL.{plugin}ImagePlugin"), f"{plugin}ImageFile"
            )
    except ImportError as error:
        if plugin == "Heif":
            raise UnreadablePictureError(
                f"{name} is a HEIF picture, which Pillow alone does not read", "pip install pillow-heif, or save it as JPEG"
            ) from error
        raise UnreadablePictureError(
            f"{name} is a picture of the format {plugin}, which this Pillow does not read", "pip install --upgrade pillow"
        ) from error


def _check_icon(file: IO[bytes], header: bytes, name: str) -> None:
    """Refuse an icon of which a picture is larger than its table says: a PNG inside may have any size."""
    (count,) = struct.unpack_from("<H", header.ljust(6, b"\0"), 4)
    file.seek(_ICON_TABLE)
    table = file.read(count * _ICON_ENTRY)
    for entry in range(0, len(table) - _ICON_ENTRY + 1, _ICON_ENTRY):
        (offset,) = struct.unpack_from("<I", table, entry + 12)
        file.seek(offset)
        inside = file.read(24).ljust(24, b"\0")
        is_png = inside.startswith(b"\x89PNG")
        width, height = struct.unpack_from(">II", inside, 16) if is_png else struct.unpack_from("<ii", inside, 4)
        if max(abs(width), abs(height)) > _LARGEST_ICON:
            raise too_large(name, f"{width} × {height} pixels in an icon")
    file.seek(0)
