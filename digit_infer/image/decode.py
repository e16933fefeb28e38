"""Any picture -> one grey picture: uint8 [H, W], 0 = black, 255 = white.

Takes a path, bytes, a binary file object, a PIL image or an array, and refuses what is no picture with the reason.
"""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeAlias

import numpy as np
from PIL import Image, UnidentifiedImageError

from digit_infer.errors import (
    InvalidArrayError,
    PictureError,
    PictureNotFoundError,
    PictureTooLargeError,
    UnreadablePictureError,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Grey: TypeAlias = NDArray[np.uint8]
    """uint8 [H, W], 0 = black, 255 = white"""

PictureSource: TypeAlias = (
    "str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes] | Image.Image | NDArray[np.generic]"
)

MAX_PIXELS = 80_000_000
"""More than this is not decoded: photographs of phones have up to half of it, and each pixel takes up to four bytes."""

_DAMAGE = (
    OSError,
    ValueError,
    SyntaxError,
    IndexError,
    KeyError,
    EOFError,
    TypeError,
    OverflowError,
    struct.error,
    zlib.error,
)
"""What Pillow's decoders raise on damaged files: it promises less, and fuzzing finds these."""

_ORIENTATION = 0x0112
_FAINT = 64
"""A picture whose light differs by fewer grey levels is looked at colour by colour."""

PAGE_SIDE = 1_024
ONE_DIGIT_SIDE = 512
"""Pixels. A page, or a picture of one digit, whose longer side is at least twice this is made smaller by a whole factor."""


def decode(source: PictureSource, side: int = PAGE_SIDE) -> Grey:
    """Return the grey picture in ``source``, made smaller by a whole factor if its longer side is twice ``side`` or more.

    Raises:
        PictureNotFoundError: a path leads nowhere.
        UnreadablePictureError: no picture, or a truncated or damaged one.
        PictureTooLargeError: more than ``MAX_PIXELS``.
        InvalidArrayError: an array of a shape, dtype or values that no picture has.
    """
    if isinstance(source, np.ndarray):
        array = np.asarray(source)  # a subclass, such as np.matrix, indexes in its own way
        grey = _smaller(_grey_from_array(array, side), side)
        return grey.copy() if np.may_share_memory(grey, array) else grey  # a caller may fill its buffer again
    if isinstance(source, Image.Image):
        _check_size(source, "the image")
        grey = _grey_from_image(source, "the image", side)
        return _strongest(source, "the image", side) if source.mode == "RGB" and _is_faint(grey) else grey
    if isinstance(source, str | os.PathLike):
        name = os.fsdecode(source) or os.curdir  # making a Path takes a tenth of the time of a small picture
        return _grey_from_file(name, name, side)
    if isinstance(source, bytes | bytearray | memoryview):
        return _grey_from_file(io.BytesIO(source), "the picture", side)
    if hasattr(source, "read"):
        name = str(getattr(source, "name", "the file"))
        return _grey_from_file(io.BytesIO(_content(source, name)), name, side)
    raise InvalidArrayError(
        f"a {type(source).__name__} is no picture", "pass a path, bytes, a binary file, a PIL image or an array"
    )


def _content(file: IO[bytes], name: str) -> bytes:
    try:
        content = file.read()
    except (OSError, ValueError) as error:  # closed, not readable, or text that is no text
        raise UnreadablePictureError(f"{name} cannot be read ({error})", "open it with mode 'rb'") from error
    if not isinstance(content, bytes):
        raise UnreadablePictureError(f"{name} was opened as text", "open it with mode 'rb'")
    return content


def _grey_from_file(file: str | io.BytesIO, name: str, side: int) -> Grey:
    grey, has_colours = _decoded(file, name, "L", side)
    if not (has_colours and _is_faint(grey)):
        return grey
    if isinstance(file, io.BytesIO):
        file.seek(0)
    return _decoded(file, name, "RGB", side)[0]


def _decoded(file: str | io.BytesIO, name: str, mode: str, side: int) -> tuple[Grey, bool]:
    """Return a grey picture, and whether the file has colours; with the mode "RGB", by the colour of most contrast."""
    try:
        image = Image.open(file)  # given a path, Pillow loads the one decoder that the suffix names
    except FileNotFoundError as error:
        raise PictureNotFoundError(f"{name} does not exist", "check the path") from error
    except UnidentifiedImageError as error:
        size = Path(file).stat().st_size if isinstance(file, str) else len(file.getvalue())
        what = "is no picture that can be read" if size else "is empty"
        raise UnreadablePictureError(f"{name} {what}", "give a PNG, JPEG, WebP, TIFF, BMP or GIF file") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(name, str(error)) from error
    except PermissionError as error:
        raise UnreadablePictureError(f"{name} may not be read", "check its permissions") from error
    except IsADirectoryError as error:
        raise UnreadablePictureError(f"{name} is a folder", "name the pictures in it") from error
    except _DAMAGE as error:
        raise _damaged(name, error) from error
    with image:
        _check_size(image, name)
        # JPEG can be decoded at a half, a quarter or an eighth of its size; other formats ignore the wish.
        has_colours = image.mode in ("YCbCr", "RGB", "P")
        image.draft(mode if image.mode in ("L", "YCbCr", "RGB") else image.mode, (side, side))
        strongest = mode == "RGB"
        return (_strongest(image, name, side) if strongest else _grey_from_image(image, name, side)), has_colours


def _strongest(image: Image.Image, name: str, side: int) -> Grey:
    """Return the colour that differs most on a picture."""
    try:
        image.load()
        colours = np.asarray(_reduced(_upright(image).convert("RGB"), side))
    except _DAMAGE as error:
        raise _damaged(name, error) from error
    return _strongest_colour(colours)


def _damaged(name: str, error: Exception) -> UnreadablePictureError:
    return UnreadablePictureError(f"{name} is truncated or damaged ({error})", "save or send it again")


def _check_size(image: Image.Image, name: str) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise _too_large(name, f"{width} × {height} pixels")
    if width == 0 or height == 0:
        raise InvalidArrayError(f"{name} has {width} × {height} pixels", "give a picture with at least one")


def _too_large(name: str, size: str) -> PictureTooLargeError:
    return PictureTooLargeError(
        f"{name} is too large ({size}; at most {MAX_PIXELS // 1_000_000} million)", "make it smaller first"
    )


def _grey_from_image(image: Image.Image, name: str, side: int) -> Grey:
    try:
        image.load()
        image = _upright(image)
        if image.mode in ("I", "F") or image.mode.startswith("I;16"):
            return _smaller(_bytes_from_values(np.asarray(image)), side)
        if image.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in image.info:
            return _flattened(np.asarray(_reduced(image.convert("RGBA"), side)))
        return np.asarray(_reduced(image if image.mode == "L" else image.convert("L"), side))  # converting would copy
    except PictureError:
        raise
    except _DAMAGE as error:
        raise _damaged(name, error) from error


def _upright(image: Image.Image) -> Image.Image:
    """Turn a photograph as its EXIF orientation says."""
    may_be_turned = "exif" in image.info or image.format == "TIFF"  # asking for more loads the TIFF decoder
    if not may_be_turned or image.getexif().get(_ORIENTATION, 1) == 1:
        return image
    from PIL import ImageOps

    return ImageOps.exif_transpose(image)


def _smaller(grey: Grey, side: int) -> Grey:
    """Bring a large picture to a working size; smaller ones pass as they are."""
    return grey if _factor(grey.shape, side) == 1 else np.asarray(_reduced(Image.fromarray(grey), side))


def _reduced(image: Image.Image, side: int) -> Image.Image:
    factor = _factor(image.size, side)
    return image if factor == 1 else image.reduce(factor)


def _factor(size: tuple[int, ...], side: int) -> int:
    return max(1, max(size) // side)


def _grey_from_array(array: NDArray[np.generic], side: int) -> Grey:
    if array.size == 0:
        raise InvalidArrayError(f"the array of shape {array.shape} holds nothing", "pass a picture with at least one pixel")
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim != 2 and not (array.ndim == 3 and array.shape[2] in (3, 4)):
        raise InvalidArrayError(
            f"an array of shape {array.shape} is not one picture",
            "pass [H, W], [H, W, 3] or [H, W, 4]; a stack of pictures goes to predict_many or predict_array",
        )
    if array.shape[0] * array.shape[1] > MAX_PIXELS:
        raise _too_large("the array", f"{array.shape[1]} × {array.shape[0]} pixels")
    pixels = _bytes_from_values(array)
    if pixels.ndim == 2:
        return pixels
    if pixels.shape[2] == 4:
        return _flattened(pixels)
    picture = Image.fromarray(pixels)
    grey = np.asarray(picture.convert("L"))
    return _strongest(picture, "the array", side) if _is_faint(grey) else grey


def _bytes_from_values(array: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Bring numbers into 0..255: bytes as they are, others by the smallest scale that holds them.

    The scales are 0..1 (floats, booleans, masks), 0..255, and for integers 0..4095 and 0..65535 (scanners, cameras).
    """
    if array.dtype == np.uint8 and array.max() > 1:
        return array.astype(np.uint8, copy=False)
    if array.dtype.kind not in "buif":
        raise InvalidArrayError(f"an array of dtype {array.dtype} is no picture", "pass uint8, or floats in 0..1")
    values = array.astype(np.float64)
    if not np.isfinite(values).all():
        raise InvalidArrayError("the picture holds NaN or infinity", "replace those values")
    low, high = float(values.min()), float(values.max())
    scales = (1, 255) if array.dtype.kind == "f" else (1, 255, 4_095, 65_535)
    top = next((scale for scale in scales if high <= scale), None)
    if low < 0 or top is None:
        raise InvalidArrayError(f"the picture holds values from {low:g} to {high:g}", "scale them to 0..1 or to 0..255")
    return np.rint(values * (255 / top)).astype(np.uint8)


def _is_faint(grey: Grey) -> bool:
    """Tell whether the light of a picture hardly differs."""
    return int(grey.max()) - int(grey.min()) < _FAINT


def _strongest_colour(colours: NDArray[np.uint8]) -> Grey:
    """Return the colour of a picture [H, W, 3] that differs most: yellow on white is dark in blue light alone."""
    spans = colours.max(axis=(0, 1)).astype(int) - colours.min(axis=(0, 1))
    return np.ascontiguousarray(colours[..., int(spans.argmax())])


def _flattened(pixels: NDArray[np.uint8]) -> Grey:
    """Put a picture with a transparent ground on the ground that its visible strokes stand out from: white or black."""
    colour, alpha = pixels[..., :3].astype(np.float32), pixels[..., 3].astype(np.float32) / 255
    light = colour @ np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as Pillow's own "L"
    visible = alpha.sum()
    ground = 0.0 if visible and (light * alpha).sum() / visible > 127.5 else 255.0
    return np.rint(light * alpha + ground * (1 - alpha)).astype(np.uint8)
