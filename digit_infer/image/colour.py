"""From colours to grey, where light alone does not tell: transparent grounds, and ink that is as light as the paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.image.decode import Grey

_FAINT = 64
"""A picture whose light differs by fewer grey levels is worth a look colour by colour."""


def is_faint(grey: Grey) -> bool:
    """Tell whether the light of a picture hardly differs."""
    return int(grey.max()) - int(grey.min()) < _FAINT


def strongest_colour(colours: NDArray[np.uint8]) -> Grey:
    """Return the colour of a picture [H, W, 3] that differs most: yellow on white is dark in blue light alone."""
    spans = colours.max(axis=(0, 1)).astype(int) - colours.min(axis=(0, 1))
    return np.ascontiguousarray(colours[..., int(spans.argmax())])


def flattened(pixels: NDArray[np.uint8]) -> Grey:
    """Put a picture with a transparent ground on the ground that its visible strokes stand out from: white or black."""
    colour, alpha = pixels[..., :3].astype(np.float32), pixels[..., 3].astype(np.float32) / 255
    light = colour @ np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as Pillow's own "L"
    visible = alpha.sum()
    ground = 0.0 if visible and (light * alpha).sum() / visible > 127.5 else 255.0
    return np.rint(light * alpha + ground * (1 - alpha)).astype(np.uint8)
