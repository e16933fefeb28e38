"""Folds multiplications and additions of constants into the weights of the products around them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx

from export.onnx_lean.affine import Affine, affine_of, moved_behind, nodes_of
from export.onnx_lean.graph import Graph
from export.onnx_lean.product import Product, product_of, store

_SMALLEST_FACTOR = 1e-6
"""The smallest factor by which a shift is divided; that of a dead channel is zero."""


def fold_affine(graph: Graph) -> None:
    """Fold multiplications and additions of constants into the product before them, or else into the next one.

    On the way to the next product they are moved behind reshapings and pools. What no product can absorb is moved as far
    back as possible, as at most one multiplication and one addition: after a pool there is less to compute.
    """
    for node in list(graph.nodes):
        if any(other is node for other in graph.nodes):  # it was not merged into the one before
            found = affine_of(graph, node)
            if found is not None:
                _fold(graph, node, *found)


def _fold(graph: Graph, node: onnx.NodeProto, value: str, affine: Affine) -> None:
    affine = _with_next(graph, node, affine)
    before = product_of(graph, graph.maker(value)) if graph.only_reader(value) is node else None
    if before is not None and (changed := before.taking_over_behind(affine)) is not None:
        store(graph, changed)
        graph.bypass(node, value)
        return
    end = node
    while (reader := graph.only_reader(end.output[0])) is not None:
        moved = moved_behind(affine, graph, reader)
        if moved is None:
            break
        end = reader
        affine = _with_next(graph, end, moved)
    if (product := product_of(graph, reader)) is not None:
        affine = _given_to(graph, product, affine)
    _put(graph, node, value, end, affine)


def _with_next(graph: Graph, node: onnx.NodeProto, affine: Affine) -> Affine:
    """Merge ``affine``, which is behind a node, with the affine operations that follow it."""
    while (reader := graph.only_reader(node.output[0])) is not None and (next_one := affine_of(graph, reader)) is not None:
        affine = affine.then(next_one[1])
        graph.bypass(reader, node.output[0])
    return affine


def _given_to(graph: Graph, product: Product, affine: Affine) -> Affine:
    """Fold all, or else the factor, into the product behind; return what remains in front of it."""
    nothing = Affine(np.ones_like(affine.factor), np.zeros_like(affine.shift))
    if (changed := product.taking_over_before(affine)) is not None:
        store(graph, changed)
        return nothing
    if np.abs(affine.factor).min() < _SMALLEST_FACTOR:
        return affine
    if (changed := product.taking_over_before(replace(affine, shift=nothing.shift))) is not None:
        store(graph, changed)
        return replace(nothing, shift=affine.shift / affine.factor)  # x * factor + shift = (x + shift / factor) * factor
    return affine


def _put(graph: Graph, node: onnx.NodeProto, value: str, end: onnx.NodeProto, affine: Affine) -> None:
    """Insert ``affine`` behind ``end``, and remove ``node``, which reads ``value`` and did the same before."""
    target = end.output[0]
    if end is node:
        nodes = nodes_of(affine, graph, value, target)
        if nodes:
            graph.replace(node, nodes)
        else:
            graph.bypass(node, value)
        return
    graph.bypass(node, value)
    before = f"{target}.before"
    graph.shapes[before] = graph.shapes[target]
    if nodes := nodes_of(affine, graph, before, target):
        end.output[0] = before
        graph.replace(end, [end, *nodes])
