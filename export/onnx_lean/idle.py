"""Removes nodes that change nothing, and folds constants."""

from __future__ import annotations

import math

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

from export.onnx_lean.graph import RESHAPING, Graph, attribute, averages_a_border

_POOLS = ("MaxPool", "AveragePool")
_RANDOM = ("Bernoulli", "Multinomial", "RandomNormalLike", "RandomUniformLike")


def fix_shapes(graph: Graph) -> None:
    """Make each new shape a constant if only the batch is unknown; converters compute it in every call."""
    for node in graph.nodes:
        if node.op_type == "Reshape" and node.input[1] not in graph.constants:
            shape = graph.behind_batch(node.output[0])
            if shape is not None:
                node.input[1] = graph.add_constant(f"{node.output[0]}.shape", np.array([-1, *shape], np.int64))


def fold_constants(graph: Graph, opset: int) -> None:
    """Compute every standard node whose inputs are all constants, unless it draws random numbers."""
    for node in list(graph.nodes):
        fixed = node.input and all(name in graph.constants for name in node.input if name)
        if fixed and not node.domain and node.op_type not in _RANDOM and graph.output not in node.output:
            evaluator = ReferenceEvaluator(node, opsets={node.domain: opset})
            made = evaluator.run(None, {name: graph.constants[name] for name in node.input if name})
            graph.constants.update(zip(node.output, map(np.asarray, made), strict=True))
            graph.replace(node, [])


def drop_unread(graph: Graph) -> None:
    """Remove the nodes that the output does not need."""
    needed = {graph.output}
    for node in reversed(graph.nodes):
        if needed.intersection(node.output):
            needed.update(node.input)
    graph.nodes[:] = [node for node in graph.nodes if needed.intersection(node.output)]


def drop_idle(graph: Graph) -> None:
    """Remove nodes that return their input unchanged, and all but the last of several reshapings in a row."""
    for node in list(graph.nodes):
        if len(node.output) > 1 and any(graph.readers(name) for name in node.output[1:]):
            continue
        if _is_idle(graph, node) and (node.output[0] != graph.output or graph.maker(node.input[0]) is not None):
            graph.bypass(node, node.input[0])


def _is_idle(graph: Graph, node: onnx.NodeProto) -> bool:
    before, after = (graph.behind_batch(name) for name in (node.input[0], node.output[0]))
    if node.op_type == "Identity" or (node.op_type == "Dropout" and len(node.input) < 3):  # the third says: training
        return True
    if node.op_type == "Cast":
        return bool(attribute(node, "to") == graph.types.get(node.input[0]))
    if node.op_type == "Transpose":
        perm = attribute(node, "perm", [])
        return bool(perm) and perm == sorted(perm)
    if before is None or before != after:
        return node.op_type in RESHAPING and _reshaped_again(graph, node)
    if node.op_type in _POOLS:
        one_value = math.prod(before[1:]) == 1 or math.prod(attribute(node, "kernel_shape")) == 1
        return one_value and not (node.op_type == "AveragePool" and averages_a_border(node))
    return node.op_type in RESHAPING


def _reshaped_again(graph: Graph, node: onnx.NodeProto) -> bool:
    reader = graph.only_reader(node.output[0])
    shape = graph.constants.get(reader.input[1]) if reader is not None and reader.op_type == "Reshape" else None
    return shape is not None and bool(shape.all())  # a zero would mean the size in this place before
