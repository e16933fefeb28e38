"""Inside a library's environment: brings pictures into MNIST's form, and times that and single steps.

``python -m bench.normalizers.see RECIPE LIST OUT.npz``; LIST names a picture a line, and OUT holds ``images`` uint8
[N, 28, 28], ``us`` [N], the processor time of each in µs, and for each step its times [20] on a page of 1,600 x 1,200.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time_ns
from typing import Any

import numpy as np

from bench.normalizers.recipes import RECIPES
from digit_infer.image import decode

_REPEATS = 20
"""Processor time is summed over threads, so a library that takes several is not favoured."""


def see(recipe: str, listed: Path, out: Path) -> None:
    """Normalize every picture of a list."""
    normalize, steps = RECIPES[recipe].load()
    pictures = [decode(Path(line)) for line in listed.read_text(encoding="utf-8").splitlines()]
    normalize(pictures[0])  # imports that wait for the first call
    images, times = [], []
    for grey in pictures:
        start = process_time_ns()
        images.append(normalize(grey))
        times.append((process_time_ns() - start) / 1_000)
    height, width = pictures[0].shape
    page = np.tile(pictures[0], (-(-1_200 // height), -(-1_600 // width)))[:1_200, :1_600]
    found: dict[str, Any] = {f"step {name}": _times(step, page) for name, step in steps.items()}
    np.savez_compressed(out, images=np.stack(images), us=np.array(times), **found)


def _times(step: Callable[[np.ndarray], object], grey: np.ndarray) -> np.ndarray:
    step(grey)
    found = []
    for _ in range(_REPEATS):
        start = process_time_ns()
        step(grey)
        found.append((process_time_ns() - start) / 1_000)
    return np.array(found)


if __name__ == "__main__":
    see(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
