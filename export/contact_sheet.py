"""A sheet of the digits to which an exported file gives another answer than the trained model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from export.drawing import grid, save, styled

if TYPE_CHECKING:
    from pathlib import Path

    from digit_infer.contract import Images, Probabilities
    from digit_infer.dataset import Split

_COLUMNS = 10
_LARGEST = 100


def save_flips(
    path: Path, flips: tuple[int, ...], split: Split, trained: Probabilities, exported: Probabilities, file: str
) -> None:
    """Draw the images of these indices, a hundred at most: index, label in brackets, the answers before and after.

    ``trained`` and ``exported`` are float32 [N, 10] over the images of ``split``.
    """
    shown = list(flips[:_LARGEST])
    images: Images = split.images[shown]
    captions = [
        f"#{index} ({split.labels[index]})\n{trained[index].argmax()} → {exported[index].argmax()}" for index in shown
    ]
    more = "" if len(shown) == len(flips) else f", the first {len(shown)} drawn"
    columns = min(_COLUMNS, max(len(shown), 4))
    with styled():
        save(grid(images, captions, columns, f"{file}: {len(flips)} answers changed{more}"), path)
