"""Training pictures of the ink network, 128 x 128 grey, and the amount of handwriting's ink in each pixel."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFilter

from digit_infer.contract import INK_SIDE
from digit_infer.image.network_look import View
from training.ink.print import cloud, dust, frame, region, ruled, sheet, words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.ink.print import Layer
    from training.ink.writing import Hands

    Pictures = NDArray[np.uint8]
    """uint8 [N, 128, 128]"""

    Draw = np.random.Generator
    Box = tuple[float, float, float, float]

_SIGNS = {"none": 0.12, "one": 0.5, "few": 0.2, "row": 0.18}
"""Shares of pictures with no sign, one large sign, some anywhere, and rows of small ones."""

_OVERLAP = 0.02
"""An object that covers more than this share of the ink is drawn below it."""

_CROPPED = 0.3
_SMALLEST_CROP = 6
"""The share of pictures that are cropped, and the least number of pixels per side that remain."""

_CLEAN = 0.2
"""The share of pictures with only ink on an even background, so that the network learns to keep digits complete."""


def pictures(count: int, hands: Hands, draw: Draw) -> tuple[Pictures, Pictures]:
    """Draw pictures and their ink: two arrays uint8 [count, 128, 128]."""
    grey, ink = (np.empty((count, INK_SIDE, INK_SIDE), np.uint8) for _ in range(2))
    for number in range(count):
        grey[number], ink[number] = picture(hands, draw)
    return grey, ink


def picture(hands: Hands, draw: Draw) -> tuple[Pictures, Pictures]:
    """Draw one picture and its ink: two arrays uint8 [128, 128]."""
    ink, box = _written(hands, draw)
    if draw.random() < _CLEAN:
        paper, contrast = _greys(draw)
        grey = paper + cloud(INK_SIDE, 2, draw) * draw.choice([0, 4, 12]) - contrast * ink
    else:
        grey = scene(ink, box, draw)
    seen, target = photographed(grey, draw), np.rint(ink * 255).astype(np.uint8)
    return _cropped(seen, target, box, draw) if draw.random() < _CROPPED else (seen, target)


def _cropped(grey: Pictures, ink: Pictures, box: Box, draw: Draw) -> tuple[Pictures, Pictures]:
    """Crop to the writing with some margin, or anywhere, and fit the crop into the square as users' pictures are."""
    if draw.random() < 0.5:
        room = draw.choice([0, 0.05, 0.2, 0.5]) * max(box[2] - box[0], box[3] - box[1]) * draw.random(4)
        window = np.array(box) + room * (-1, -1, 1, 1)
    else:
        size, place = draw.uniform(0.35, 0.95, 2) * INK_SIDE, draw.random(2)
        corner = place * (INK_SIDE - size)
        window = np.concatenate([corner, corner + size])
    left, top, right, bottom = np.clip(np.rint(window), 0, INK_SIDE).astype(int).tolist()
    if right - left < _SMALLEST_CROP or bottom - top < _SMALLEST_CROP:
        return grey, ink
    part = np.s_[top:bottom, left:right]
    view = View.of(grey[part])
    inside = np.zeros_like(ink)
    inside[view.inside] = np.asarray(
        Image.fromarray(np.ascontiguousarray(ink[part])).resize(view.size, Image.Resampling.BILINEAR)
    )
    return view.grey, inside


def _written(hands: Hands, draw: Draw) -> tuple[Layer, Box]:
    """Return the ink and its bounding box; without ink, a box in the middle."""
    side = INK_SIDE
    ink = np.zeros((side, side), np.float32)
    kind = str(draw.choice(list(_SIGNS), p=list(_SIGNS.values())))
    if kind == "one":
        size = int(draw.integers(90, 125)) if draw.random() < 0.3 else _size(24, 120, draw)
        sign = hands.sign(size, draw)
        free = [side - length for length in sign.shape]
        if draw.random() < 0.6:
            place = [int(np.clip(length / 2 + draw.normal(0, 8), 0, max(length, 0))) for length in free]
        else:
            place = [int(draw.integers(0, max(length, 0) + 1)) for length in free]
        _put(ink, sign, *place)
    elif kind == "few":
        size = _size(16, 64, draw)
        for _ in range(int(draw.integers(2, 6))):
            sign = hands.sign(max(10, round(size * draw.uniform(0.6, 1.1))), draw)
            _put_beside(ink, sign, *(int(draw.integers(-length // 3, side - 2 * length // 3)) for length in sign.shape))
    elif kind == "row":
        size = _size(12, 48, draw)
        for top in range(int(draw.integers(0, size)), side - size // 2, int(size * draw.uniform(1.2, 2.2))):
            left = int(draw.integers(-size // 2, size * 2))
            while left < side:
                sign = hands.sign(max(10, round(size * draw.uniform(0.8, 1.1))), draw)
                _put(ink, sign, top + int(draw.integers(-2, 3)), left)
                left += sign.shape[1] + int(size * draw.uniform(0.02, 0.5))
            if draw.random() < 0.4:
                break
    rows, columns = np.flatnonzero((ink > 0.1).any(axis=1)), np.flatnonzero((ink > 0.1).any(axis=0))
    if not len(rows):
        middle = draw.uniform(0.3, 0.7, 2) * side
        reach = draw.uniform(8, 40)
        return np.zeros_like(ink), (middle[0] - reach, middle[1] - reach, middle[0] + reach, middle[1] + reach)
    return ink, (float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))


def _size(low: int, high: int, draw: Draw) -> int:
    return int(np.exp(draw.uniform(np.log(low), np.log(high))))


def _put(sheet_of_ink: Layer, sign: Layer, top: int, left: int) -> None:
    """Draw a sign on a sheet, clipped at its edges."""
    height, width = sign.shape
    y0, x0 = max(0, top), max(0, left)
    y1, x1 = min(sheet_of_ink.shape[0], top + height), min(sheet_of_ink.shape[1], left + width)
    if y1 > y0 and x1 > x0:
        place = sheet_of_ink[y0:y1, x0:x1]
        np.maximum(place, sign[y0 - top : y1 - top, x0 - left : x1 - left], out=place)


def _put_beside(sheet_of_ink: Layer, sign: Layer, top: int, left: int) -> None:
    """Draw a sign unless it would touch another."""
    place = sheet_of_ink[
        max(0, top - 2) : max(0, top + sign.shape[0] + 2), max(0, left - 2) : max(0, left + sign.shape[1] + 2)
    ]
    if not place.any():
        _put(sheet_of_ink, sign, top, left)


def _greys(draw: Draw) -> tuple[float, float]:
    """Return the grey level of the paper, and the contrast of full ink."""
    paper = draw.uniform(110, 255)
    return paper, min(float(np.exp(draw.uniform(np.log(24), np.log(230)))), paper)


def scene(ink: Layer, box: Box, draw: Draw) -> Layer:
    """Draw ink on paper with print, light and other objects: float32 [128, 128] in grey levels."""
    side = INK_SIDE
    paper, contrast = _greys(draw)
    other = np.zeros_like(ink)
    size = max(box[2] - box[0], box[3] - box[1])
    if draw.random() < 0.42:
        np.maximum(other, ruled(side, draw) * draw.uniform(0.15, 1.0), out=other)
    if draw.random() < 0.38:
        np.maximum(other, frame(side, box, draw) * draw.uniform(0.4, 1.2), out=other)
    if draw.random() < 0.4:
        np.maximum(other, words(side, box, min(36.0, 0.7 * size), draw) * draw.uniform(0.5, 1.1), out=other)
    if draw.random() < 0.2:
        np.maximum(other, dust(side, draw) * draw.uniform(0.4, 1.1), out=other)
    grey = np.full((side, side), paper, np.float32)
    if draw.random() < 0.35:
        grey += _grain(int(draw.integers(3, 50)), draw) * draw.uniform(1, 9)
    beside = []
    for _ in range(int(draw.choice([0, 1, 2], p=[0.6, 0.3, 0.1]))):  # objects below the writing, or beside it
        where, thing = region(side, draw), _material(draw)
        if (where * ink).sum() > _OVERLAP * ink.sum():
            grey += where * (thing - grey) * draw.uniform(0.1, 0.6)
        else:
            beside.append((where, thing))
    pressure = 1 + 0.25 * cloud(side, 12, draw) if draw.random() < 0.25 else np.float32(1)
    grey -= contrast * np.clip(np.maximum(ink * np.clip(pressure, 0.4, 1.3), other), 0, 1.2)
    for where, thing in beside:
        grey += where * (thing - grey)
    if draw.random() < 0.36:
        whole = sheet(side, box, draw)
        ink *= whole > 0.5
        grey = whole * grey + (1 - whole) * _material(draw)
    if draw.random() < 0.6:  # light falls on everything alike
        light = 1 + cloud(side, int(draw.integers(2, 4)), draw) * draw.uniform(0.02, 0.2)
        grey *= np.clip(light, 0.25, 1.6)
    for _ in range(int(draw.choice([0, 1, 2], p=[0.6, 0.3, 0.1]))):
        grey *= 1 - region(side, draw) * draw.uniform(0.1, 0.65)
    if draw.random() < 0.12:  # glare: light that is added
        grey += region(side, draw) * draw.uniform(20, 120)
    lit: Layer = np.clip(grey, 0, 255)
    return lit


def _material(draw: Draw) -> Layer:
    """Return grey levels of another material than paper, such as a table, cloth, a screen or wood."""
    rough = _grain(int(draw.integers(2, 60)), draw) * draw.uniform(0, 18)
    grey: Layer = np.clip(draw.uniform(0, 255) + rough, 0, 255).astype(np.float32)
    return grey


def _grain(knots: int, draw: Draw) -> Layer:
    """Return a rough surface, in both directions or in one."""
    rough = cloud(INK_SIDE, knots, draw)
    if draw.random() < 0.2:
        return np.broadcast_to(rough[:1] if draw.random() < 0.5 else rough[:, :1], rough.shape)
    return rough


def photographed(grey: Layer, draw: Draw) -> Pictures:
    """Imitate a camera, a scanner or a program: uint8 [128, 128]."""
    canvas = Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8))
    if draw.random() < 0.35:
        canvas = canvas.filter(ImageFilter.GaussianBlur(draw.uniform(0.3, 1.8)))
    if draw.random() < 0.15:  # small pictures are enlarged before the network sees them
        small = int(draw.integers(24, 100))
        canvas = canvas.resize((small, small), Image.Resampling.BOX).resize(canvas.size, Image.Resampling.BICUBIC)
    pixels = np.asarray(canvas, np.float64)
    if draw.random() < 0.45:
        pixels = pixels + draw.normal(0, np.exp(draw.uniform(np.log(0.5), np.log(16))), pixels.shape)
    if draw.random() < 0.3:
        low, high = float(pixels.min()), float(pixels.max())
        pixels = (pixels - low) * (255 / max(high - low, 1.0))
    if draw.random() < 0.4:
        pixels = 255 - pixels
    result = np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
    if draw.random() < 0.25:
        stored = io.BytesIO()
        Image.fromarray(result).save(stored, "JPEG", quality=int(draw.integers(20, 95)))
        result = np.asarray(Image.open(stored).convert("L"))
    return result
