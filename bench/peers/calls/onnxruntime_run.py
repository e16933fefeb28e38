"""ONNX Runtime: ``InferenceSession.run``, one thread."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bench.bare import bare_onnx

if TYPE_CHECKING:
    from digit_infer.benchmark.scenarios import Answer


def open_call(path: Path, batch: int) -> Answer:
    """Load a file, for any batch."""
    del batch
    return bare_onnx(path)
