"""Random changes to training images beyond those of the notebooks, for other hands, pens, cameras and papers.

Each image is warped by an affine change and a smooth elastic one (Simard, Steinkraus and Platt 2003), in one interpolation.
Then each of several kinds of damage is applied to a share of the images: thicker or thinner strokes, blur, noise, an uneven
background, paler ink, a hidden patch.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from training.recipe import Distortion

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Pixels = NDArray[np.float32]
    """float32 [N, S, S], 0 = background, 1 = ink; one number per image is [N, 1, 1]"""

    Damage = Callable[[Pixels, np.random.Generator], Pixels]

_CHUNK = 500
_BOX_PX = 20
"""The longer side of a digit in MNIST's form."""

_CELLS = (9, 32)
"""Range of the resolution to which an image is reduced and enlarged again; from 28 on nothing is lost.

The width of a cell is drawn evenly, so nearly half of these images have fewer than 14 cells a side.
"""

_LEAST_BINARY_CELLS = 13
"""Fewer cells in black and white show no digit that one could read."""

_BINARY = 0.4
_STRETCHED = 0.4
_UNEVEN = 0.5
_TURNED = 0.2
_COVERED = 0.15
_THICKENED = 0.35
"""Shares of images that become black and white, are stretched, scaled or moved, rotated, partly covered, and thickened."""

_TURN_DEGREES = 38
_PATCHES_PX = (3, 9)
_COVERS_PX = (5, 15)
"""The largest rotation to either side, and ranges of the sides of patches: of those that are damage, and of larger ones."""

_INK = 0.3
"""The threshold of ink where an image is stretched."""

_KNOTS = 5
"""Number of knots along each side of an elastic change, with smooth interpolation between them."""


def distorted(images: Pixels, distortion: Distortion, draw: np.random.Generator) -> Pixels:
    """Change each image at random: float32 [N, S, S] in 0..1 -> the same. Beyond the border is background."""
    changed = np.empty_like(images)
    for start in range(0, len(images), _CHUNK):
        part = slice(start, start + _CHUNK)
        changed[part] = warped(images[part], *displacements(len(images[part]), images.shape[1], distortion, draw))
        for damage in DAMAGES:
            hit = np.flatnonzero(draw.random(len(changed[part])) < distortion.damage / len(DAMAGES))
            if len(hit):
                changed[start + hit] = np.clip(damage(changed[start + hit], draw), 0, 1)
    return changed


def displacements(count: int, side: int, distortion: Distortion, draw: np.random.Generator) -> tuple[Pixels, Pixels]:
    """Draw where each pixel of the results comes from: rows and columns, float32 [N, S, S] each."""
    angle = np.deg2rad(draw.uniform(-distortion.rotation_degrees, distortion.rotation_degrees, count))
    shear = draw.uniform(-distortion.shear, distortion.shear, count)
    zoom = np.exp(draw.uniform(-distortion.zoom, distortion.zoom, (2, count)))
    shift = draw.uniform(-distortion.shift_pixels, distortion.shift_pixels, (2, count, 1, 1)).astype(np.float32)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    lean = np.array([[np.ones(count), np.zeros(count)], [shear, np.ones(count)]])
    matrix = (np.einsum("ijn,jkn->ikn", turn, lean) * zoom[None]).astype(np.float32)[..., None, None]
    middle = (side - 1) / 2
    row = np.arange(side, dtype=np.float32)[None, :, None] - middle
    column = np.arange(side, dtype=np.float32)[None, None, :] - middle
    knots = draw.normal(0, distortion.elastic_pixels, (2, count, _KNOTS, _KNOTS)).astype(np.float32)
    bend = _smooth(side)
    elastic = bend @ knots @ bend.T
    rows = matrix[0, 0] * row + matrix[0, 1] * column + (elastic[0] + shift[0] + np.float32(middle))
    columns = matrix[1, 0] * row + matrix[1, 1] * column + (elastic[1] + shift[1] + np.float32(middle))
    return rows, columns


def warped(images: Pixels, rows: Pixels, columns: Pixels) -> Pixels:
    """Sample each image at the given places, bilinearly; beyond the border is background."""
    count, side = images.shape[:2]
    wide = side + 3
    padded = np.zeros((count, wide, wide), np.float32)
    padded[:, 1 : side + 1, 1 : side + 1] = images
    rows, columns = np.clip(rows, -1, side) + 1, np.clip(columns, -1, side) + 1
    top, left = rows.astype(np.int32), columns.astype(np.int32)
    down, right = rows - top, columns - left
    place = top * wide + left + (np.arange(count, dtype=np.int32) * wide * wide)[:, None, None]
    flat = padded.ravel()
    upper = flat[place] * (1 - right) + flat[place + 1] * right
    place += wide
    lower = flat[place] * (1 - right) + flat[place + 1] * right
    result: Pixels = upper + (lower - upper) * down
    return result


def thickened(images: Pixels, share: Pixels) -> Pixels:
    """Grow strokes by up to a pixel on each side, or with a negative ``share`` [N, 1, 1] in -1..1 shrink them."""
    grown = _neighbours(images, np.maximum)
    shrunk = _neighbours(images, np.minimum)
    result: Pixels = images + np.maximum(share, 0) * (grown - images) + np.minimum(share, 0) * (images - shrunk)
    return result


def blurred(images: Pixels, variance: Pixels) -> Pixels:
    """Blur by a kernel of three by three, ``variance`` [N, 1, 1] up to 2/3 squared pixels along each axis."""
    side = variance / 2
    for axis in (1, 2):
        neighbours: Pixels = np.roll(images, 1, axis) + np.roll(images, -1, axis)
        images = images + side * (neighbours - images - images)
    return images


def coarsened(images: Pixels, draw: np.random.Generator) -> Pixels:
    """Stretch, rotate, shift, scale and thicken images, and reduce them to a low resolution, or to black and white.

    They imitate digits of 8 x 8 to 16 x 16 pixels, scans without greys, and pictures that are not in MNIST's form. A
    share is covered by a large patch, and keeps its resolution.
    """
    changed = badly_normalised(images, draw)
    side, count = images.shape[1], len(images)
    thick = draw.random(count) < _THICKENED
    for _ in range(2):
        changed[thick] = thickened(changed[thick], _numbers(draw.uniform(0, 1, thick.sum())))
    covered = draw.random(count) < _COVERED
    changed[covered] = _with_a_patch(changed[covered], _COVERS_PX, draw)
    cells = np.minimum(np.rint(1 / draw.uniform(1 / _CELLS[1], 1 / _CELLS[0], count)).astype(np.intp), side)
    cells[covered] = side
    binary = (draw.random(count) < _BINARY) & (cells >= _LEAST_BINARY_CELLS)
    limits = _numbers(draw.uniform(0.25, 0.6, count))
    for size in np.unique(cells):
        hit = np.flatnonzero(cells == size)
        down, up = _resampling(side, int(size))
        few = down @ changed[hit] @ down.T
        few /= np.maximum(few.max(axis=(1, 2), keepdims=True), np.float32(0.2))
        few = np.where(binary[hit, None, None], (few > limits[hit]).astype(np.float32), few)
        changed[hit] = np.clip(up @ few @ up.T, 0, 1)
    return changed


def badly_normalised(images: Pixels, draw: np.random.Generator) -> Pixels:
    """Stretch the ink towards a square, rotate, scale and move it, each at random."""
    count, side = images.shape[:2]
    ink: NDArray[np.bool_] = images > _INK
    stretch = draw.uniform(0, 1, count) * (draw.random(count) < _STRETCHED)
    zoom = np.exp(draw.uniform(-0.4, 0.25, count) * (draw.random(count) < _UNEVEN))
    centre, places, pixels = (side - 1) / 2, [], np.arange(side)
    for other in (2, 1):
        along = np.any(ink, axis=other)
        first, last = along.argmax(axis=1), side - 1 - along[:, ::-1].argmax(axis=1)
        scale = np.minimum((_BOX_PX / np.maximum(last - first + 1, 3)) ** stretch, 4) * zoom
        middle = np.where(stretch > 0, (first + last) / 2, centre)
        shift = centre + draw.uniform(-2.5, 2.5, count) * (draw.random(count) < _UNEVEN)
        places.append((middle[:, None] + (pixels - shift[:, None]) / scale[:, None]).astype(np.float32))
    down, right = places[0][:, :, None] - centre, places[1][:, None, :] - centre
    angle = _numbers(np.deg2rad(draw.uniform(-_TURN_DEGREES, _TURN_DEGREES, count)) * (draw.random(count) < _TURNED))
    sine, cosine = np.sin(angle), np.cos(angle)
    rows, columns = cosine * down - sine * right + centre, sine * down + cosine * right + centre
    return warped(images, rows, columns).astype(np.float32)


@cache
def _resampling(side: int, cells: int) -> tuple[Pixels, Pixels]:
    """Return the weights of a reduction by area, [C, S], and of a bicubic enlargement, [S, C]."""
    down, up = (
        np.asarray(Image.fromarray(np.eye(before, dtype=np.float32)).resize((before, after), resample), np.float32)
        for before, after, resample in (
            (side, cells, Image.Resampling.BOX),
            (cells, side, Image.Resampling.BICUBIC),
        )
    )
    return down, up


def _stroke(images: Pixels, draw: np.random.Generator) -> Pixels:
    return thickened(images, _numbers(draw.uniform(-0.75, 1, len(images))))


def _blur(images: Pixels, draw: np.random.Generator) -> Pixels:
    for _ in range(int(draw.integers(1, 4))):
        images = blurred(images, _numbers(draw.uniform(0.1, 0.66, len(images))))
    result: Pixels = images / np.maximum(images.max(axis=(1, 2), keepdims=True), np.float32(0.2))
    return result


def _noise(images: Pixels, draw: np.random.Generator) -> Pixels:
    strength = _numbers(draw.uniform(0.02, 0.3, len(images)))
    result: Pixels = images + strength * draw.standard_normal(images.shape, np.float32)
    return result


def _specks(images: Pixels, draw: np.random.Generator) -> Pixels:
    hit = draw.random(images.shape, np.float32) < _numbers(draw.uniform(0.005, 0.1, len(images)))
    return np.where(hit, draw.integers(0, 2, images.shape).astype(np.float32), images)


def _ground(images: Pixels, draw: np.random.Generator) -> Pixels:
    """Put the ink on a background that is not empty, and brighter towards one side."""
    slope = _numbers(draw.uniform(-0.25, 0.25, (2, len(images))))
    along = np.linspace(-1, 1, images.shape[1], dtype=np.float32)
    level = _numbers(draw.uniform(0, 0.35, len(images))) + slope[0] * along[:, None] + slope[1] * along
    result: Pixels = np.maximum(images, np.maximum(level, 0))
    return result


def _tone(images: Pixels, draw: np.random.Generator) -> Pixels:
    """Make ink paler, and its edges softer or harder."""
    power = _numbers(np.exp(draw.uniform(-0.7, 0.9, len(images))))
    result: Pixels = images**power * _numbers(draw.uniform(0.35, 1, len(images)))
    return result


def _hidden(images: Pixels, draw: np.random.Generator) -> Pixels:
    return _with_a_patch(images, _PATCHES_PX, draw)


def _with_a_patch(images: Pixels, sides: tuple[int, int], draw: np.random.Generator) -> Pixels:
    """Cover a rectangle of each image with background; a rectangle of ink across a 1 would make it a plus sign."""
    count, side = images.shape[:2]
    places = np.arange(side)
    low = draw.integers(0, side - 3, (2, count, 1))
    high = low + draw.integers(*sides, (2, count, 1))
    inside = (places >= low) & (places < high)
    patch = inside[0][:, :, None] & inside[1][:, None, :]
    return np.where(patch, np.float32(0), images)


def _numbers(values: NDArray[np.floating] | NDArray[np.integer]) -> Pixels:
    result: Pixels = values.astype(np.float32)[..., None, None]
    return result


def _neighbours(images: Pixels, best: np.ufunc) -> Pixels:
    result = images
    for axis in (1, 2):
        result = best(result, best(np.roll(images, 1, axis), np.roll(images, -1, axis)))
    return result


def _smooth(side: int) -> Pixels:
    """Return the weights [S, K] of the knots for each pixel's displacement: overlapping Gaussians."""
    knots, places = np.linspace(-0.1, 1.1, _KNOTS), np.linspace(0, 1, side)
    bells = np.exp(-0.5 * ((places[:, None] - knots) / (0.6 * (knots[1] - knots[0]))) ** 2)
    weights: Pixels = (bells / bells.sum(axis=1, keepdims=True)).astype(np.float32)
    return weights


DAMAGES: tuple[Damage, ...] = (_stroke, _blur, _noise, _specks, _ground, _tone, _hidden)
