"""ONNX Runtime: input and output arrays bound once for a fixed batch; one thread."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.bare import onnx_session

if TYPE_CHECKING:
    from digit_infer.benchmark.scenarios import Answer
    from digit_infer.contract import Images, Probabilities


def open_call(path: Path, batch: int) -> Answer:
    """Load a file for one batch."""
    session = onnx_session(path)
    images, probabilities = np.zeros((batch, 28, 28), np.uint8), np.empty((batch, 10), np.float32)
    bound = session.io_binding()
    source, target = session.get_inputs()[0].name, session.get_outputs()[0].name
    bound.bind_input(source, "cpu", 0, np.uint8, images.shape, images.ctypes.data)
    bound.bind_output(target, "cpu", 0, np.float32, probabilities.shape, probabilities.ctypes.data)
    run, binding = session._sess.run_with_iobinding, bound._iobinding  # noqa: SLF001  # skips a Python frame

    def call(asked: Images) -> Probabilities:
        images[:] = asked
        run(binding, None)
        return probabilities.copy()

    return call
