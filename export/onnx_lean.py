"""Takes out of an ONNX graph what conversion from Keras left in it."""

from __future__ import annotations

import math

import numpy as np
import onnx
from onnx import helper, numpy_helper

_TO_CHANNELS_LAST = [0, 2, 3, 1]


def fold_flattening_transposes(model: onnx.ModelProto) -> onnx.ModelProto:
    """Drop each transposition between a convolution and the dense layer behind it, by reordering that layer's rows.

    Keras flattens [N, H, W, C], ONNX convolves in [N, C, H, W], so tf2onnx writes Transpose, Reshape, MatMul. The product
    is the same with the untransposed values and the rows of its constant matrix in the order (C, H, W).
    """
    model = onnx.shape_inference.infer_shapes(model)
    graph = model.graph
    shapes = {
        value.name: [dimension.dim_value for dimension in value.type.tensor_type.shape.dim]
        for value in [*graph.value_info, *graph.input]
    }
    constants = {tensor.name: tensor for tensor in graph.initializer}
    for transpose in [node for node in graph.node if node.op_type == "Transpose"]:
        if list(_attribute(transpose, "perm")) != _TO_CHANNELS_LAST:
            continue
        reshape = _only_reader(graph, transpose.output[0], "Reshape")
        product = _only_reader(graph, reshape.output[0], "MatMul") if reshape else None
        if reshape is None or product is None or product.input[1] not in constants:
            continue
        _, channels, height, width = shapes[transpose.input[0]]
        matrix = numpy_helper.to_array(constants[product.input[1]])
        if matrix.shape[0] != math.prod((channels, height, width)):
            continue
        by_channel = matrix.reshape(height, width, channels, -1).transpose(2, 0, 1, 3).reshape(matrix.shape)
        name = f"{product.input[1]}.by_channel"
        graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(by_channel), name))
        product.input[1] = name
        reshape.input[0] = transpose.input[0]
        graph.node.remove(transpose)
    _drop_unread_constants(model)
    del graph.value_info[:]
    return model


def _attribute(node: onnx.NodeProto, name: str) -> list[int]:
    return next((list(helper.get_attribute_value(found)) for found in node.attribute if found.name == name), [])


def _only_reader(graph: onnx.GraphProto, value: str, operator: str) -> onnx.NodeProto | None:
    """Return the node that reads a value, if it is the only one and of this operator."""
    readers = [node for node in graph.node if value in node.input]
    return readers[0] if len(readers) == 1 and readers[0].op_type == operator else None


def _drop_unread_constants(model: onnx.ModelProto) -> None:
    read = {name for node in model.graph.node for name in node.input}
    kept = [tensor for tensor in model.graph.initializer if tensor.name in read]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
