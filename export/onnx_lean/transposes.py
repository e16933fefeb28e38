"""Removes transpositions by reordering the rows of the dense layer behind them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from export.onnx_lean.graph import Graph, attribute
from export.onnx_lean.product import product_of, store


def fold_flattening_transposes(graph: Graph) -> None:
    """Drop each transposition between a convolution and the dense layer behind it.

    Keras flattens [N, H, W, C], ONNX convolves in [N, C, H, W], so tf2onnx writes Transpose, Reshape, MatMul. The product
    is the same with the untransposed values and the rows of its constant matrix in the order (C, H, W).
    """
    for transpose in [node for node in graph.nodes if node.op_type == "Transpose"]:
        first, *order = attribute(transpose, "perm", [-1])
        reshape = graph.only_reader(transpose.output[0])
        shape = graph.behind_batch(transpose.output[0])
        if first != 0 or shape is None or reshape is None or reshape.op_type not in ("Reshape", "Flatten"):
            continue
        product = product_of(graph, graph.only_reader(reshape.output[0]))
        if product is None or not product.is_dense or len(product.weights) != np.prod(shape):
            continue
        inverse = np.argsort([axis - 1 for axis in order])
        by_axis = product.weights.reshape(*shape, -1).transpose(*inverse, len(shape))
        store(graph, replace(product, weights=by_axis.reshape(product.weights.shape)))
        graph.bypass(transpose, transpose.input[0])
