"""Arrays as people hold them -> one grey picture: uint8 [H, W].

What a number means is told by the range of all, in one rule. They are read on the first of these scales that holds them,
give or take a half:

    0..1    -1..1    0..16    0..255    0..4095    0..65535

A resize overshoots, so what lies beyond a scale widens it, and nothing is cut off. Negative numbers that fit neither 0..1
nor -1..1, but lie within -4..8, are standardised by some mean and deviation: the lowest is black and the highest white.
"""

from __future__ import annotations

from math import isqrt
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

import numpy as np
from PIL import Image

from digit_infer.errors import InvalidArrayError
from digit_infer.image.picture_file import check_size

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers: TypeAlias = NDArray[np.generic]
    Pixels: TypeAlias = NDArray[np.uint8]


class SupportsDlpack(Protocol):
    """A tensor that other libraries take by DLPack."""

    def __dlpack__(self) -> Any: ...


class Scale(NamedTuple):
    """The numbers that mean black and white."""

    black: float
    white: float


_SCALES = Scale(0, 1), Scale(-1, 1), Scale(0, 16), Scale(0, 255), Scale(0, 4_095), Scale(0, 65_535)
_SIGNED = 2
"""So many scales come before the standardised one."""

_STANDARDISED = Scale(-4, 8)
_LEAST_DEVIATIONS = 1.0
"""Between black and white, so that the grain of a blank picture stays grain."""

_OVERSHOOT = 0.5
"""How far numbers may lie beyond a scale, as a share of its span, or below it, as a share of what they reach of it. Cubic
resizing of thin lines reaches 0.44."""

_LEAST_FLAT = 64
"""Pixels of a square picture that is held in one row: 8 x 8 at least."""

_STRIP = 4_000_000
"""Values of an array that are widened at once."""

_FAINT = 64
"""A picture whose light differs by fewer grey levels is looked at colour by colour."""


def is_array_like(source: object) -> bool:
    """Tell whether something is, or can be taken as, an array: by ``__array__``, DLPack, or as nested lists."""
    kind = type(source)
    if isinstance(source, np.ndarray | list | tuple):
        return True
    return not isinstance(source, str | bytes) and (hasattr(kind, "__array__") or hasattr(kind, "__dlpack__"))


def as_array(source: Any) -> Numbers:
    """Return what is array-like as an array.

    Raises:
        InvalidArrayError: it is a matrix or masked, lies on another device, belongs to a gradient, or is ragged.
    """
    if isinstance(source, np.ndarray) and hasattr(source, "mask"):  # numpy.ma is slow to import
        raise InvalidArrayError("a masked array is no picture", "fill what is masked first: array.filled(0)")
    if isinstance(source, np.matrix):  # which indexes in its own way
        raise InvalidArrayError("a numpy.matrix is no picture", "pass numpy.asarray of it")
    has_array = isinstance(source, list | tuple) or hasattr(type(source), "__array__")
    try:
        array: Numbers = np.asarray(source) if has_array else np.from_dlpack(source)
    except Exception as error:  # whatever the library of a tensor raises
        said = (str(error).splitlines() or [""])[0][:200]
        raise InvalidArrayError(
            f"a {type(source).__name__} cannot be taken as an array ({said})",
            "pass a numpy array; of a tensor, tensor.detach().cpu().numpy()",
        ) from error
    return array


def scale_of_all(stack: Numbers) -> Scale | None:
    """Return the one scale of a stack of pictures, [N, H * W] or [N, …]; None where it holds no numbers, but paths or such.

    Numbers that are not finite do not count; the pictures that hold them cannot be answered.

    Raises:
        InvalidArrayError: it is no stack, or its numbers are on no scale.
    """
    if stack.dtype.kind in "OSU":
        return None
    _check_kind(stack)
    if stack.ndim < 2 or (stack.ndim == 2 and not _is_flat(stack.shape[1])):
        raise InvalidArrayError(
            f"an array of shape {stack.shape} is no stack of pictures",
            "pass [N, H, W] or [N, H * W]; one goes to predict()",
        )
    low, high = _limits(stack)
    if not np.isfinite(high - low):
        low, high = _limits(stack[np.isfinite(stack)])
    return _holding(low, high)


def grey_from_array(array: Numbers, side: int, scale: Scale | None = None) -> Pixels:
    """Return the picture in an array, made smaller by a whole factor if its longer side is twice ``side`` or more.

    Args:
        array: [H, W] or [H, W, 3 or 4], also with axes of 1 besides, or a square picture in one row.
        side: pixels.
        scale: what its numbers mean; None tells it by their range.

    Raises:
        PictureTooLargeError: it has more than ``MAX_PIXELS``.
        InvalidArrayError: it has another shape, is of no numbers, or holds NaN or numbers on no scale.
    """
    _check_kind(array)
    if array.size == 0:
        raise InvalidArrayError(f"the array of shape {array.shape} holds nothing", "pass a picture with at least one pixel")
    picture = _one_picture(array)
    if picture.ndim != 2 and not (picture.ndim == 3 and picture.shape[2] in (3, 4)):
        raise InvalidArrayError(
            f"an array of shape {array.shape} is not one picture",
            "pass [H, W], [H, W, 3] or [H, W, 4]; a stack of pictures goes to predict_many or predict_array",
        )
    check_size((picture.shape[1], picture.shape[0]), "the array")
    pixels = bytes_from(picture, side, scale)
    if pixels.ndim == 2:
        return pixels.copy() if np.may_share_memory(pixels, array) else pixels  # a caller may fill its buffer again
    if pixels.shape[2] == 4:
        return flattened(pixels)
    grey = np.asarray(Image.fromarray(pixels).convert("L"))
    return strongest_colour(pixels) if is_faint(grey) else grey


def bytes_from(array: Numbers, side: int, scale: Scale | None = None) -> Pixels:
    """Bring numbers [H, W] or [H, W, C] into 0..255, and make a large picture smaller, which is widened strip by strip.

    Raises:
        InvalidArrayError: they are no numbers, hold NaN or infinity, or are on no scale.
    """
    low, high = _limits(array)
    if not np.isfinite(high - low):
        raise InvalidArrayError("the picture holds NaN or infinity", "replace those values")
    black, white = scale or _holding(low, high)

    def in_bytes(part: Numbers) -> Pixels:
        if array.dtype == np.uint8 and (black, white) == (0, 255):
            return part.astype(np.uint8, copy=False)
        numbers = (part.astype(np.float32) - np.float32(black)) * np.float32(255 / (white - black))
        in_range: Pixels = np.rint(numbers).astype(np.uint8)
        return in_range

    factor = reduction(array.shape[:2], side)
    if factor == 1:
        return in_bytes(array)
    rows = max(1, _STRIP * len(array) // (array.size * factor)) * factor
    strips = (in_bytes(array[first : first + rows]) for first in range(0, len(array), rows))
    return np.concatenate([np.asarray(Image.fromarray(strip).reduce(factor)) for strip in strips])


def reduction(size: tuple[int, ...], side: int) -> int:
    """Return the whole factor by which a picture is made smaller."""
    return max(1, max(size) // side)


def is_faint(grey: Pixels) -> bool:
    """Tell whether the light of a picture hardly differs."""
    return int(grey.max()) - int(grey.min()) < _FAINT


def strongest_colour(colours: Pixels) -> Pixels:
    """Return the colour of a picture [H, W, 3] that differs most: yellow on white is dark in blue light alone."""
    spans = colours.max(axis=(0, 1)).astype(int) - colours.min(axis=(0, 1))
    return np.ascontiguousarray(colours[..., int(spans.argmax())])


def flattened(pixels: Pixels) -> Pixels:
    """Put a picture with a transparent ground on the ground that its visible strokes stand out from: white or black."""
    colour, alpha = pixels[..., :3].astype(np.float32), pixels[..., 3].astype(np.float32) / 255
    light = colour @ np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as Pillow's own "L"
    visible = alpha.sum()
    ground = 0.0 if visible and (light * alpha).sum() / visible > 127.5 else 255.0
    return np.rint(light * alpha + ground * (1 - alpha)).astype(np.uint8)


def _one_picture(array: Numbers) -> Numbers:
    """Leave out axes of 1 that are no rows or columns, and put a square picture that is held in one row upright."""
    while array.ndim > 3 and array.shape[0] == 1:
        array = array[0]
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    elif array.ndim == 3 and array.shape[0] == 1 and array.shape[2] not in (3, 4):
        array = array[0]
    is_row = array.ndim == 1 or (array.ndim == 2 and 1 in array.shape)
    return array.reshape(isqrt(array.size), -1) if is_row and _is_flat(array.size) else array


def _is_flat(size: int) -> bool:
    return size >= _LEAST_FLAT and isqrt(size) ** 2 == size


def _check_kind(array: Numbers) -> None:
    if array.dtype.kind not in "buif":
        advice = "several pictures go to predict_many" if array.dtype.kind in "OSU" else "pass uint8, or floats in 0..1"
        raise InvalidArrayError(f"an array of dtype {array.dtype} is no picture", advice)


def _limits(array: Numbers) -> tuple[float, float]:
    return (float(array.min()), float(array.max())) if array.size else (0.0, 0.0)


def _holding(low: float, high: float) -> Scale:
    """Return the first scale that holds all from ``low`` to ``high``, widened to them."""
    for number, (black, white) in enumerate(_SCALES):
        if number == _SIGNED and low < 0 and _STANDARDISED.black <= low and high <= _STANDARDISED.white:
            return Scale(low, max(high, low + _LEAST_DEVIATIONS))
        span = white - black
        if black - _OVERSHOOT * min(span, high - black) <= low and high <= white + _OVERSHOOT * span:
            return Scale(min(low, black), max(high, white))
    raise InvalidArrayError(f"the picture holds values from {low:g} to {high:g}", "scale them to 0..1 or to 0..255")
