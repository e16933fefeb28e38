"""Compiles a model as ``benchmark_app -hint none -nstreams 1 -nthreads 1 -infer_precision f32`` does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

SETTINGS = {"NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}
"""Without the last, a CPU with bfloat16 computes in it: less exact, and less work than the others do."""


def compiled(path: Path, batch: int) -> Any:
    """Read an ONNX file and compile it for one batch."""
    import openvino

    core = openvino.Core()
    model = core.read_model(path)
    model.reshape([batch, 28, 28])
    return core.compile_model(model, "CPU", SETTINGS)
