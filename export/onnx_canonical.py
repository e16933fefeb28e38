"""Brings an ONNX graph into a canonical order and naming, so that the same network always gives the same bytes.

Converters name values by counters of the process, and write nodes in the order of hashes.
"""

from __future__ import annotations

from collections import Counter

import onnx

from export.onnx_lean.graph import has_control_flow


def canonical(model: onnx.ModelProto) -> onnx.ModelProto:
    """Sort the nodes from the output backwards, the constants by first use, and name both by operator and number.

    Unused nodes, constants and operator sets are removed. A model with control flow is returned unchanged, since its
    branches read values by the converter's names.
    """
    if has_control_flow(model):
        return model
    graph = model.graph
    nodes = _in_order(graph)
    ends = {end.name for end in [*graph.input, *graph.output]}
    constants = {tensor.name: tensor for tensor in graph.initializer}
    names: dict[str, str] = {}
    counts: Counter[str] = Counter()
    ordered_constants = []
    for node in nodes:
        counts[node.op_type] += 1
        node.name = f"{node.op_type}_{counts[node.op_type]}"
        for position, value in enumerate(node.input):
            if value in constants and value not in names:
                names[value] = f"{node.name}.constant_{position}"
                ordered_constants.append(constants[value])
        for position, value in enumerate(node.output):
            if value not in ends:
                names[value] = f"{node.name}.output_{position}"
    for node in nodes:
        node.input[:] = [names.get(value, value) for value in node.input]
        node.output[:] = [names.get(value, value) for value in node.output]
    for tensor in ordered_constants:
        tensor.name = names[tensor.name]
    _replace(graph.node, nodes)
    _replace(graph.initializer, ordered_constants)
    domains = {node.domain for node in nodes}
    _replace(model.opset_import, [opset for opset in model.opset_import if opset.domain in domains])
    del graph.value_info[:]
    del graph.quantization_annotation[:]
    return model


def _in_order(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """Return the nodes that the output needs, in topological order."""
    makers = {value: node for node in graph.node for value in node.output}
    ordered: list[onnx.NodeProto] = []
    seen: set[str] = set()
    waiting = [(graph.output[0].name, False)]
    while waiting:
        value, inputs_done = waiting.pop()
        node = makers.get(value)
        if node is None or (value in seen and not inputs_done):
            continue
        if inputs_done:
            ordered.append(node)
            continue
        seen.update(node.output)
        waiting.append((value, True))
        waiting.extend((name, False) for name in reversed(node.input))
    return ordered


def _replace(field: object, values: list[onnx.NodeProto] | list[onnx.TensorProto]) -> None:
    copies = [type(value).FromString(value.SerializeToString()) for value in values]
    del field[:]  # type: ignore[attr-defined]  # protobuf's repeated field has no public type
    field.extend(copies)  # type: ignore[attr-defined]  # as above
