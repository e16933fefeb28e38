"""Random changes to training images, drawn again for each epoch, as the notebooks' generator made them.

That generator (``ImageDataGenerator`` of Keras 2) composed rotation, shift, shear and zoom into one matrix about the middle
of the image, in (row, column) coordinates, mapping each pixel of the result to where it comes from, with bilinear
interpolation. It read its shear in degrees, and drew a zoom for each axis.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
import numpy as np

from training.recipe import Augmentation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrices = NDArray[np.float64]
    """[N, 3, 3], from (row, column, 1) in the result to (row, column, 1) in the original"""

_CHUNK = 5_000


def augmented(images: NDArray[np.float32], augmentation: Augmentation, draw: np.random.Generator) -> NDArray[np.float32]:
    """Transform each image at random: float32 [N, H, W, 1] -> the same. Pixels outside repeat the border."""
    height, width = images.shape[1:3]
    matrices = about_the_middle(drawn_matrices(len(images), augmentation, (height, width), draw), (height, width))
    changed = np.empty_like(images)
    for start in range(0, len(images), _CHUNK):
        part = slice(start, start + _CHUNK)
        changed[part] = keras.ops.convert_to_numpy(
            keras.ops.image.affine_transform(
                images[part],
                projective(matrices[part]),
                interpolation="bilinear",
                fill_mode="nearest",
                data_format="channels_last",
            )
        )
    return changed


def drawn_matrices(count: int, augmentation: Augmentation, size: tuple[int, int], draw: np.random.Generator) -> Matrices:
    """Draw ``count`` transformations from symmetric uniform ranges."""
    angle = np.deg2rad(draw.uniform(-augmentation.rotation_degrees, augmentation.rotation_degrees, count))
    down = draw.uniform(-augmentation.shift, augmentation.shift, count) * size[0]
    right = draw.uniform(-augmentation.shift, augmentation.shift, count) * size[1]
    shear = np.deg2rad(draw.uniform(-augmentation.shear_degrees, augmentation.shear_degrees, count))
    zoom = draw.uniform(1 - augmentation.zoom, 1 + augmentation.zoom, (2, count))
    return composed(angle, down, right, shear, zoom[0], zoom[1])


def composed(
    angle: NDArray[np.float64],
    down: NDArray[np.float64],
    right: NDArray[np.float64],
    shear: NDArray[np.float64],
    zoom_rows: NDArray[np.float64],
    zoom_columns: NDArray[np.float64],
) -> Matrices:
    """Compose rotation, shift, shear and zoom, in this order; angles in radians, shifts in pixels, all [N]."""
    rotation = _matrices([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0]])
    shift = _matrices([[1, 0, down], [0, 1, right]])
    shearing = _matrices([[1, -np.sin(shear), 0], [0, np.cos(shear), 0]])
    zooming = _matrices([[zoom_rows, 0, 0], [0, zoom_columns, 0]])
    return rotation @ shift @ shearing @ zooming


def about_the_middle(matrices: Matrices, size: tuple[int, int]) -> Matrices:
    """Apply the transformations about the centre of an image of this height and width."""
    middle = np.eye(3)
    middle[:2, 2] = size[0] / 2 - 0.5, size[1] / 2 - 0.5
    return middle @ matrices @ np.linalg.inv(middle)


def projective(matrices: Matrices) -> NDArray[np.float32]:
    """Write (row, column) matrices as the eight numbers in (x, y) that ``keras.ops.image.affine_transform`` takes."""
    m = matrices
    zero = np.zeros(len(m))
    numbers = [m[:, 1, 1], m[:, 1, 0], m[:, 1, 2], m[:, 0, 1], m[:, 0, 0], m[:, 0, 2], zero, zero]
    return np.stack(numbers, axis=1).astype(np.float32)


def _matrices(rows: list[list[NDArray[np.float64] | int]]) -> Matrices:
    """Stack numbers and [N] arrays into [N, 3, 3], with the last row of an affine matrix."""
    last: list[NDArray[np.float64] | int] = [0, 0, 1]
    entries = np.broadcast_arrays(*(entry for row in [*rows, last] for entry in row))
    return np.stack(entries, axis=-1).reshape(-1, 3, 3).astype(np.float64)
