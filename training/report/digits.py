"""Pictures of digits with words under them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.report.style import figure

if TYPE_CHECKING:
    from numpy.typing import NDArray

_INCHES = 0.95


def grid(images: NDArray[np.uint8], captions: Sequence[str], columns: int, title: str) -> Figure:
    """Draw uint8 [N, 28, 28] in rows of ``columns``, ink dark, each with its caption."""
    lines = -(-len(images) // columns)
    drawn = figure(columns * _INCHES, lines * (_INCHES + 0.22) + 0.3)
    axes: NDArray[Any] = np.atleast_1d(drawn.subplots(lines, columns)).ravel()
    for place, image, caption in zip(axes, images, captions, strict=False):
        draw_digit(place, image)
        place.set_title(caption, fontsize=8, pad=2)
    for place in axes:
        place.set_axis_off()
    drawn.suptitle(title)
    return drawn


def draw_digit(place: Axes, image: NDArray[np.uint8]) -> None:
    """Draw one digit, ink dark."""
    place.imshow(image, cmap="gray_r", vmin=0, vmax=255, interpolation="nearest")


def random_ten(labels: NDArray[np.uint8], seed: int) -> NDArray[np.int64]:
    """Draw ten indices of test images, without looking at what they show."""
    return np.sort(np.random.default_rng(seed).choice(len(labels), 10, replace=False))
