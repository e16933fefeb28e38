"""How every picture of the report looks, and how it is stored: the same bytes for the same figures."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from digit_infer.files import write_bytes

TRAINING = "#1f6f8b"
VALIDATION = "#c8553d"
PUBLISHED = "#444444"
GROUPS = {"A": "#1f6f8b", "B": "#c8553d", "C": "#5b8c3a", "D": "#7d5ba6", "E": "#b8860b"}

_COLOURS = 128
_DOTS_PER_INCH = 110
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
