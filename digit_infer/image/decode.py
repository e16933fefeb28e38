"""Any picture -> one grey picture: uint8 [H, W], 0 = black, 255 = white.

Takes a path, bytes, a binary file object, a PIL image or an array, and refuses what is no picture with the reason.
"""

from __future__ import annotations

import io
import os
from typing import IO, TYPE_CHECKING, TypeAlias

import numpy as np
from PIL import Image

from digit_infer.errors import InvalidArrayError, PictureError, UnreadablePictureError
from digit_infer.image.picture_file import (
    MAX_BYTES,
    check_memory,
    check_size,
    identified,
    open_regular,
    quiet,
    too_large,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Grey: TypeAlias = NDArray[np.uint8]
    """uint8 [H, W], 0 = black, 255 = white"""

PictureSource: TypeAlias = (
    "str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes] | Image.Image | NDArray[np.generic]"
)

_ORIENTATION = 0x0112
_TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}
"""``Image.Transpose`` that brings a picture upright, by its EXIF orientation."""

_STRIP = 4_000_000
"""Values of an array that are widened at once."""

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
        PictureTooLargeError: more than ``MAX_PIXELS``, or more than ``MAX_BYTES`` while it is decoded.
        InvalidArrayError: an array of a shape, dtype or values that no picture has.
    """
    if isinstance(source, np.ndarray):
        if type(source) is not np.ndarray and hasattr(source, "mask"):
            raise InvalidArrayError("a masked array is no picture", "fill what is masked first: array.filled(0)")
        array = np.asarray(source)  # a subclass, such as np.matrix, indexes in its own way
        grey = _grey_from_array(array, side)
        return grey.copy() if np.may_share_memory(grey, array) else grey  # a caller may fill its buffer again
    if isinstance(source, Image.Image):
        return _grey_from_open(source, side)
    if isinstance(source, str | os.PathLike):
        name = os.fsdecode(source) or os.curdir  # making a Path takes a tenth of the time of a small picture
        with open_regular(name) as file:
            return _grey_from_file(file, name, side)
    if isinstance(source, bytes | bytearray | memoryview):
        content = source.tobytes() if isinstance(source, memoryview) else source
        return _grey_from_file(io.BytesIO(content), "the picture", side)
    if hasattr(source, "read"):
        name = str(getattr(source, "name", "the file"))
        return _grey_from_file(io.BytesIO(_content(source, name)), name, side)
    raise InvalidArrayError(
        f"a {type(source).__name__} is no picture", "pass a path, bytes, a binary file, a PIL image or an array"
    )


def _grey_from_open(image: Image.Image, side: int) -> Grey:
    try:
        check_size(image.size, "the image")
        grey = _grey_from_image(image, side)
        return _strongest(image, side) if image.mode == "RGB" and _is_faint(grey) else grey
    except PictureError:
        raise
    except Exception as error:  # it may not be decoded yet
        raise _damaged("the image", error) from error


def _content(file: IO[bytes], name: str) -> bytes:
    try:
        content = file.read(MAX_BYTES + 1)
    except Exception as error:  # a stream may raise anything: it is closed, cut off, or decompresses damaged data
        raise UnreadablePictureError(f"{name} cannot be read ({_said(error)})", "open it with mode 'rb'") from error
    if not isinstance(content, bytes):
        raise UnreadablePictureError(f"{name} was opened as text", "open it with mode 'rb'")
    if len(content) > MAX_BYTES:
        raise too_large(name, f"more than {MAX_BYTES // 1_000_000} MB in the file")
    return content


def _grey_from_file(file: IO[bytes], name: str, side: int) -> Grey:
    grey, has_colours = _decoded(file, name, side, by_colour=False)
    if has_colours and _is_faint(grey):
        file.seek(0)
        grey, _ = _decoded(file, name, side, by_colour=True)
    return grey


def _decoded(file: IO[bytes], name: str, side: int, *, by_colour: bool) -> tuple[Grey, bool]:
    """Return a grey picture, by the colour of most contrast if that is asked for, and whether the file has colours."""
    try:
        image = identified(file, name)
        with image, quiet(image.format in ("TIFF", "ICO")):
            full, has_colours = image.size, image.mode in ("YCbCr", "RGB", "P")
            # JPEG can be decoded at a half, a quarter or an eighth of its size; other formats ignore the wish.
            wanted = "RGB" if by_colour else "L"
            image.draft(wanted if image.mode in ("L", "YCbCr", "RGB") else image.mode, (side, side))
            check_memory(image, full, name)
            return (_strongest(image, side) if by_colour else _grey_from_image(image, side)), has_colours
    except PictureError:
        raise
    except Exception as error:  # Pillow's decoders raise what they like on damaged files
        raise _damaged(name, error) from error


def _strongest(image: Image.Image, side: int) -> Grey:
    """Return the colour that differs most on a picture."""
    image.load()
    colours = image if image.mode == "RGB" else image.convert("RGB")
    return _strongest_colour(np.asarray(_upright(_reduced(colours, side), image)))


def _damaged(name: str, error: Exception) -> PictureError:
    if isinstance(error, MemoryError):
        return too_large(name, "there is not enough memory for it")
    return UnreadablePictureError(f"{name} is truncated or damaged ({_said(error)})", "save or send it again")


def _said(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0] or type(error).__name__


def _grey_from_image(image: Image.Image, side: int) -> Grey:
    image.load()
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return np.asarray(_upright(Image.fromarray(_bytes_from_values(np.asarray(image), side)), image))
    if image.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in image.info:
        colours = image if image.mode == "RGBA" else image.convert("RGBA")
        return _flattened(np.asarray(_upright(_reduced(colours, side), image)))
    if image.mode in ("P", "1"):  # numbers of colours cannot be averaged, nor single bits
        image = image.convert("RGB" if image.mode == "P" else "L")
    small = _reduced(image, side)
    return np.asarray(_upright(small if small.mode == "L" else small.convert("L"), image))  # converting would copy


def _upright(small: Image.Image, image: Image.Image) -> Image.Image:
    """Turn what was made of a photograph as its EXIF orientation says, where that can be read."""
    if "exif" not in image.info and image.format != "TIFF":  # asking for more loads the TIFF decoder
        return small
    try:
        with quiet(image.format != "TIFF"):  # which is quiet already
            turn = _TURNS.get(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # odd metadata is no reason to refuse a sound picture
        return small
    return small if turn is None else small.transpose(Image.Transpose(turn))


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
    check_size((array.shape[1], array.shape[0]), "the array")
    pixels = _bytes_from_values(array, side)
    if pixels.ndim == 2:
        return pixels
    if pixels.shape[2] == 4:
        return _flattened(pixels)
    grey = np.asarray(Image.fromarray(pixels).convert("L"))
    return _strongest_colour(pixels) if _is_faint(grey) else grey


def _bytes_from_values(array: NDArray[np.generic], side: int) -> NDArray[np.uint8]:
    """Bring numbers into 0..255, and make a large picture smaller: bytes as they are, others by the smallest scale.

    The scales are 0..1 (floats, booleans, masks), 0..255, and for integers 0..4095 and 0..65535 (scanners, cameras). A
    large picture is widened strip by strip.
    """
    if array.dtype.kind not in "buif":
        raise InvalidArrayError(f"an array of dtype {array.dtype} is no picture", "pass uint8, or floats in 0..1")
    low, high = float(array.min()), float(array.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise InvalidArrayError("the picture holds NaN or infinity", "replace those values")
    scales = (1, 255) if array.dtype.kind == "f" else (1, 255, 4_095, 65_535)
    top = next((scale for scale in scales if high <= scale), None)
    if low < 0 or top is None:
        raise InvalidArrayError(f"the picture holds values from {low:g} to {high:g}", "scale them to 0..1 or to 0..255")

    def in_bytes(part: NDArray[np.generic]) -> NDArray[np.uint8]:
        if array.dtype == np.uint8 and top == 255:
            return part.astype(np.uint8, copy=False)
        scaled: NDArray[np.uint8] = np.rint(part.astype(np.float32) * np.float32(255 / top)).astype(np.uint8)
        return scaled

    factor = _factor(array.shape[:2], side)
    if factor == 1:
        return in_bytes(array)
    rows = max(1, _STRIP * len(array) // (array.size * factor)) * factor
    strips = (in_bytes(array[first : first + rows]) for first in range(0, len(array), rows))
    return np.concatenate([np.asarray(Image.fromarray(strip).reduce(factor)) for strip in strips])


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
