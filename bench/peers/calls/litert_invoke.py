"""LiteRT: set, invoke, get, for a fixed batch with one thread."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bench.bare import bare_tflite

if TYPE_CHECKING:
    from digit_infer.benchmark.scenarios import Answer


def open_call(path: Path, batch: int) -> Answer:
    """Load a file for one batch."""
    from ai_edge_litert.interpreter import Interpreter

    return bare_tflite(Interpreter(model_path=str(path), num_threads=1), batch)
