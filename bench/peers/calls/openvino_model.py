"""OpenVINO: a compiled model called on an array, one thread."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bench.peers.openvino_model import compiled

if TYPE_CHECKING:
    from digit_infer.benchmark.scenarios import Answer
    from digit_infer.contract import Images, Probabilities


def open_call(path: Path, batch: int) -> Answer:
    """Compile a file for one batch."""
    model = compiled(path, batch)

    def call(images: Images) -> Probabilities:
        answer: Probabilities = model(images)[0]
        return answer

    return call
