"""Any picture -> one grey picture: uint8 [H, W], 0 = black, 255 = white.

Takes a path, bytes, a binary file object, base64 or a data URL of a file, a PIL image, or an array, and refuses what is no
picture with the reason. Of a file with several pages or frames it takes one, and tells how many there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from os import PathLike
from typing import IO, TYPE_CHECKING, TypeAlias

import numpy as np
from PIL import Image

from digit_infer.errors import PictureError, PictureNotFoundError, PictureTooLargeError, UnreadablePictureError
from digit_infer.image.arrays import (
    as_array,
    bytes_from,
    flattened,
    grey_from_array,
    is_array_like,
    is_faint,
    reduction,
    strongest_colour,
)
from digit_infer.image.picture_file import (
    MAX_PIXELS,
    check_memory,
    check_size,
    identified,
    quiet,
    said,
    too_large,
)
from digit_infer.image.source import opened

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from digit_infer.image.arrays import Scale, SupportsDlpack

    Grey: TypeAlias = NDArray[np.uint8]
    """uint8 [H, W], 0 = black, 255 = white"""

PictureSource: TypeAlias = (
    "str | PathLike[str] | bytes | bytearray | memoryview | IO[bytes] | Image.Image | ArrayLike | SupportsDlpack"
)

_ORIENTATION = 0x0112
_TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}
"""``Image.Transpose`` that brings a picture upright, by its EXIF orientation."""

PAGE_SIDE = 1_024
ONE_DIGIT_SIDE = 512
"""Pixels. A page, or a picture of one digit, whose longer side is at least twice this is made smaller by a whole factor."""

MOST_PAGES = 1_000
"""Pages of a TIFF file that are counted at most, since Pillow takes seconds for some thousands."""

_BLANK = 24
_BLANK_SIDE = 112
"""A page that differs by fewer grey levels, when it is made small so that its grain is averaged, shows nothing."""

_A_FRAME = 80_000
"""Pixels that a small frame counts as, so that at most 1,000 blank ones are passed over, and fewer that are large."""


@dataclass(frozen=True, eq=False)
class Page:
    """A picture as grey pixels, uint8 [H, W]; which page or frame of its file it is, from 1, and how many that has."""

    grey: Grey
    number: int = 1
    count: int = 1


def decode(source: PictureSource, side: int = PAGE_SIDE) -> Grey:
    """Return the grey picture in ``source``, made smaller by a whole factor if its longer side is twice ``side`` or more.

    Raises:
        PictureError: as ``decode_page``.
    """
    return decode_page(source, side).grey


def decode_page(
    source: PictureSource, side: int = PAGE_SIDE, number: int | None = None, scale: Scale | None = None
) -> Page:
    """Return one page of ``source``, made smaller by a whole factor if its longer side is twice ``side`` or more.

    Args:
        source: a picture of any kind.
        side: pixels.
        number: which page or frame of a file, from 1; None takes the first that is not blank. A PIL image is one page, as
            it stands, since turning its pages would undo what its owner drew on it.
        scale: what the numbers of an array mean; None tells it by their range.

    Raises:
        PictureNotFoundError: a path leads nowhere, or there is no page of that number.
        UnreadablePictureError: no picture, or a truncated or damaged one.
        PictureTooLargeError: more than ``MAX_PIXELS``, or more than ``MAX_BYTES`` while it is decoded.
        InvalidArrayError: an array of a shape, dtype or values that no picture has.
    """
    if isinstance(source, Image.Image):
        _check_number(number, 1, "an open image")
        with _told("the image"):  # it may not be decoded yet
            check_size(source.size, "the image")
            return Page(_grey_or_colour(source, side))
    if is_array_like(source):
        _check_number(number, 1, "an array")
        return Page(grey_from_array(as_array(source), side, scale))
    with opened(source) as (file, name):
        page, has_colours = _decoded(file, name, side, number, by_colour=False)
        if has_colours and is_faint(page.grey):
            file.seek(0)
            page, _ = _decoded(file, name, side, page.number, by_colour=True)
        return page


def frames(source: PictureSource) -> Iterator[Image.Image]:
    """Yield every page or frame of a picture file, one after the other, each as a grey PIL image, which ``predict`` takes.

    Args:
        source: a path, bytes, a binary file object, or base64 or a data URL of a file.

    Raises:
        PictureError: the file, or a page of it, cannot be read.
    """
    with opened(source) as (file, name), _told(name):
        image = identified(file, name)
        with image:
            for index in range(_count(image)):
                with quiet(image.format == "TIFF"):
                    _turn_to(image, index + 1, name)
                    grey = _grey_or_colour(image, PAGE_SIDE)
                yield Image.fromarray(grey)


def _decoded(file: IO[bytes], name: str, side: int, number: int | None, *, by_colour: bool) -> tuple[Page, bool]:
    """Return a page, by the colour of most contrast if that is asked for, and whether the file has colours."""
    with _told(name):
        image = identified(file, name)
        with image, quiet(image.format in ("TIFF", "ICO")):
            count = _count(image)
            _check_number(number, count, name)
            if number is not None and count > 1:
                _turn_to(image, number, name)
            full, has_colours = image.size, image.mode in ("YCbCr", "RGB", "P")
            # JPEG can be decoded at a half, a quarter or an eighth of its size; other formats ignore the wish.
            wanted = "RGB" if by_colour else "L"
            image.draft(wanted if image.mode in ("L", "YCbCr", "RGB") else image.mode, (side, side))
            check_memory(image, full, name)
            grey = _strongest(image, side) if by_colour else _grey_from_image(image, side)
            page = Page(grey, image.tell() + 1, count)
            return (page if count == 1 or number is not None else _not_blank(image, page, side, name)), has_colours


def _count(image: Image.Image) -> int:
    """Return how many pages or frames a file has, up to the first that is damaged."""
    count, before = 1, image.tell()
    with suppress(Exception):  # whatever Pillow raises on a damaged page, and EOFError where there are no more
        if not getattr(image, "is_animated", False):
            return 1
        if image.format != "TIFF":
            count = image.n_frames  # type: ignore[attr-defined]  # where is_animated is
        while image.format == "TIFF" and count < MOST_PAGES:
            image.seek(count)
            count += 1
    image.seek(before)
    return count


def _turn_to(image: Image.Image, number: int, name: str) -> None:
    if number > 1 and image.format in ("GIF", "PNG"):
        check_memory(image, image.size, name, copies=3)
    image.seek(number - 1)
    check_size(image.size, name)  # each page has its own
    check_memory(image, image.size, name)


def _check_number(number: int | None, count: int, name: str) -> None:
    if number is not None and not (isinstance(number, int) and 1 <= number <= count):
        has = "1 page" if count == 1 else f"{count:,} pages"
        raise PictureNotFoundError(f"{name} has {has}, and no page {number!r}", "pages are counted from 1")


def _not_blank(image: Image.Image, first: Page, side: int, name: str) -> Page:
    """Return the first page, from one on, that is not blank; that one, if none is found."""
    page, left = first, MAX_PIXELS
    while _is_blank(page.grey):
        left -= max(_A_FRAME, image.width * image.height)
        if left < 0 or page.number >= page.count:
            return first
        try:
            _turn_to(image, page.number + 1, name)
        except PictureTooLargeError:
            return first
        page = Page(_grey_or_colour(image, side), page.number + 1, page.count)
    return page


def _is_blank(grey: Grey) -> bool:
    small = np.asarray(Image.fromarray(grey).reduce(reduction(grey.shape, _BLANK_SIDE)))
    return int(small.max()) - int(small.min()) < _BLANK


def _grey_or_colour(image: Image.Image, side: int) -> Grey:
    """Return an image that is not decoded as grey alone, by its strongest colour where its light tells little."""
    grey = _grey_from_image(image, side)
    return _strongest(image, side) if image.mode == "RGB" and is_faint(grey) else grey


def _strongest(image: Image.Image, side: int) -> Grey:
    """Return the colour that differs most on a picture."""
    image.load()
    colours = image if image.mode == "RGB" else image.convert("RGB")
    return strongest_colour(np.asarray(_upright(_reduced(colours, side), image)))


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Turn what Pillow's decoders raise on damaged files, which may be anything, into an error that names the file."""
    try:
        yield
    except PictureError:
        raise
    except MemoryError as error:
        raise too_large(name, "there is not enough memory for it") from error
    except Exception as error:
        raise UnreadablePictureError(f"{name} is truncated or damaged ({said(error)})", "save or send it again") from error


def _grey_from_image(image: Image.Image, side: int) -> Grey:
    if image.mode == "LAB":
        raise UnreadablePictureError("the picture is in the colour space LAB", "save it in RGB")
    image.load()
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return np.asarray(_upright(Image.fromarray(bytes_from(np.asarray(image), side)), image))
    if image.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in image.info:
        colours = image if image.mode == "RGBA" else image.convert("RGBA")
        return flattened(np.asarray(_upright(_reduced(colours, side), image)))
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
    factor = reduction(image.size, side)
    return image if factor == 1 else image.reduce(factor)
