"""The style of all pictures, and how they are stored: the same figures give the same bytes."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from digit_infer.files import write_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

TRAINING = "#1f6f8b"
VALIDATION = "#c8553d"
PUBLISHED = "#444444"
GROUPS = {"A": "#1f6f8b", "B": "#c8553d", "C": "#5b8c3a", "D": "#7d5ba6", "E": "#b8860b"}

_COLOURS = 128
_DOTS_PER_INCH = 110
_INCHES = 0.95
_SETTINGS: dict[Any, Any] = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "figure.dpi": _DOTS_PER_INCH,
}


@contextmanager
def styled() -> Iterator[None]:
    """Draw with these settings, whatever the user's own are."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        yield


def figure(width: float, height: float) -> Figure:
    """Return an empty figure; inches."""
    return Figure(figsize=(width, height), layout="constrained")


def save(drawn: Figure, path: Path) -> None:
    """Store a figure as a PNG of few colours."""
    buffer = io.BytesIO()
    drawn.savefig(buffer, format="rgba", dpi=_DOTS_PER_INCH)
    width, height = (int(side) for side in drawn.canvas.get_width_height(physical=True))
    pixels = np.frombuffer(buffer.getvalue(), dtype=np.uint8).reshape(height, width, 4)
    few = Image.fromarray(pixels).convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
    stored = io.BytesIO()
    few.save(stored, format="PNG", optimize=True)
    write_bytes(path, stored.getvalue())


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
