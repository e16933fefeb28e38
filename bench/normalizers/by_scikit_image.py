"""scikit-image: Sauvola's threshold, made for documents (Pattern Recognition 33, 2000), and ``regionprops``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import uniform_filter
from skimage.filters import threshold_otsu, threshold_sauvola
from skimage.filters.rank import median
from skimage.measure import label, regionprops
from skimage.transform import resize

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.image.grey import Grey

_SMALL = 84
_SPECK = 0.05
_SQUARE = np.ones((3, 3), np.uint8)


def normalize(grey: Grey) -> Grey:
    """Smooth, apply a local threshold, keep the largest regions, and centre them by mass."""
    grey = grey.copy()  # it may be read-only, which rank filters refuse
    smooth = median(grey, _SQUARE) if min(grey.shape) > _SMALL else grey
    if smooth.min() == smooth.max():
        return np.zeros((28, 28), np.uint8)
    window = min(smooth.shape) // 2 | 1
    difference = smooth - uniform_filter(smooth.astype(np.float32), window)
    dark = smooth if (difference**3).sum() <= 0 else 255 - smooth  # ink is on the side that differs more strongly
    level = threshold_sauvola(dark, window, k=0.1) if min(grey.shape) > _SMALL else threshold_otsu(dark)
    regions = regionprops(label(dark <= level, connectivity=2))
    return _in_mnist_form(np.clip(np.percentile(dark, 75) - dark.astype(np.float32), 1, None), regions)


def _in_mnist_form(strength: NDArray[np.float32], regions: list[Any]) -> Grey:
    shape = strength.shape
    image = np.zeros((28, 28), np.uint8)
    if not regions:
        return image
    weights = [region.area * (0.2 if _at_edge(shape, region) else 1) for region in regions]
    main = regions[int(np.argmax(weights))]
    ink = np.zeros_like(strength)
    for region in regions:
        fits = region.area >= _SPECK * main.area and (not _at_edge(shape, region) or _at_edge(shape, main))
        if region is main or fits:
            place = tuple(region.coords.T)
            ink[place] = strength[place]
    rows, columns = np.nonzero(ink)
    ink = ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    sides = np.array(ink.shape)
    small = resize(ink, np.maximum(np.rint(sides * 20 / sides.max()), 1), anti_aliasing=True)
    small /= max(float(small.max()), 1e-6)
    at_row, at_column = (
        np.average(np.arange(size) + 0.5, weights=small.sum(axis=1 - axis)) for axis, size in enumerate(small.shape)
    )
    top = min(max(round(14.5 - at_row), 0), 28 - small.shape[0])
    left = min(max(round(14.5 - at_column), 0), 28 - small.shape[1])
    image[top : top + small.shape[0], left : left + small.shape[1]] = np.rint(255 * small)
    return image


def _at_edge(shape: tuple[int, ...], region: Any) -> bool:
    top, left, bottom, right = region.bbox
    return bool(top == 0 or left == 0 or bottom == shape[0] or right == shape[1])
