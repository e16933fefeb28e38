"""Ranges of an ONNX model's activations by any method, measured by running it.

ONNX Runtime's own entropy method clips nothing: it compares a histogram of 128 bins with 128 steps, a single candidate.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx

from export.ranges import range_of

if TYPE_CHECKING:
    from digit_infer.contract import Images
    from export.calibration import Method

_PART = 100


def ranges_of(path: Path, images: Images, method: Method) -> dict[str, list[dict[str, Any]]]:
    """Return the range of each activation as the overrides that ONNX Runtime's quantizer takes; none for ``min-max``.

    ``path`` is of a model with its shapes inferred, ``images`` are uint8 [N, 28, 28]. The pixels keep their range.
    """
    if method == "min-max":
        return {}
    measured = _values(onnx.load(path), images)
    ranges = {name: range_of(values, method) for name, values in measured.items()}
    return {
        name: [{"rmin": np.array(low, np.float32), "rmax": np.array(high, np.float32)}]
        for name, (low, high) in ranges.items()
        if low < high
    }


def _values(model: onnx.ModelProto, images: Images) -> dict[str, np.ndarray[Any, np.dtype[np.float32]]]:
    """Run a model and return all values of each activation behind the first product."""
    import onnxruntime

    graph, options = model.graph, onnxruntime.SessionOptions()
    pixels = {graph.input[0].name}
    for node in graph.node:
        if node.op_type not in ("Conv", "MatMul", "Gemm") and pixels.intersection(node.input):
            pixels.update(node.output)
    floats = {
        value.name: value
        for value in graph.value_info
        if value.type.tensor_type.elem_type == onnx.TensorProto.FLOAT and value.name not in pixels
    }
    graph.output.extend(floats.values())
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    parts = [
        session.run(list(floats), {graph.input[0].name: images[start : start + _PART]})
        for start in range(0, len(images), _PART)
    ]
    return {name: np.concatenate([part[number].ravel() for part in parts]) for number, name in enumerate(floats)}
