"""Simplifies an ONNX graph: it computes the same, up to the rounding of float32, with fewer nodes.

Each module removes one kind of node that the conversion from Keras leaves.
"""

from __future__ import annotations

from collections.abc import Container

import onnx

from export.onnx_lean.folding import fold_affine
from export.onnx_lean.graph import has_control_flow, read, write
from export.onnx_lean.idle import drop_idle, drop_unread, fix_shapes, fold_constants
from export.onnx_lean.pairs import drop_needless_pairs, feed_bytes
from export.onnx_lean.pools import pool_before_relu
from export.onnx_lean.transposes import fold_flattening_transposes


def lean(model: onnx.ModelProto, *, folds: bool = True) -> onnx.ModelProto:
    """Return the lean form of a model with one output, whose values have the batch first; ``model`` stays as it is.

    A model with control flow is returned unchanged, since the inputs of its branches are unknown. With ``folds``, products
    and sums with constants are folded into the matrix products behind them.
    """
    if has_control_flow(model):
        return model
    graph = read(model)
    fix_shapes(graph)
    fold_constants(graph, next(opset.version for opset in model.opset_import if not opset.domain))
    drop_unread(graph)
    drop_idle(graph)
    if folds:
        fold_affine(graph)
    fold_flattening_transposes(graph)
    drop_idle(graph)  # again: two reshapings may follow one another now
    return write(graph, model)


def ready_for_quantization(model: onnx.ModelProto, in_floats: Container[str]) -> onnx.ModelProto:
    """Return the form of a lean model that quantizes well if the nodes of these names stay in floats."""
    graph = read(model)
    pool_before_relu(graph, in_floats)
    return write(graph, model)


def lean_quantized(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the lean form of a model that was lean before it was quantized, in QDQ form."""
    graph = read(model)
    feed_bytes(graph, model.graph.input[0].name)
    drop_needless_pairs(graph)
    drop_unread(graph)
    return write(graph, model)
