"""Multiplication and addition of constants, as in the scaling of pixels and in batch norm at inference."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper

from export.onnx_lean.graph import RESHAPING, Graph, attribute, averages_a_border

_LARGEST = ("MaxPool", "GlobalMaxPool")
_AVERAGE = ("AveragePool", "GlobalAveragePool")


@dataclass(frozen=True, eq=False)
class Affine:
    """Elementwise ``value * factor + shift``; both float64, of the shape of one image's part of the value."""

    factor: NDArray[np.float64]
    shift: NDArray[np.float64]

    def then(self, later: Affine) -> Affine:
        """Return the composition of both, this one first."""
        return Affine(self.factor * later.factor, self.shift * later.factor + later.shift)

    def by_channel(self) -> Affine | None:
        """Return one factor and one shift per channel, [C], if they are constant within each channel."""
        parts = (part.reshape(len(part), -1) for part in (self.factor, self.shift))
        factor, shift = (part[:, 0] if (part == part[:, :1]).all() else None for part in parts)
        return None if factor is None or shift is None else Affine(factor, shift)


def affine_of(graph: Graph, node: onnx.NodeProto) -> tuple[str, Affine] | None:
    """Return the value that a node multiplies or shifts by a constant, and the operation; None for other nodes."""
    if node.op_type not in ("Mul", "Add", "Sub", "Div"):
        return None
    first, second = node.input
    value, constant = (
        (second, graph.constants.get(first)) if first in graph.constants else (first, graph.constants.get(second))
    )
    shape = None if value in graph.constants else graph.behind_batch(value)
    if constant is None or shape is None or constant.dtype != np.float32:
        return None
    try:
        widened = np.broadcast_to(constant.astype(np.float64), (1, *shape))[0]
    except ValueError:  # the constant is the larger one, or differs from image to image
        return None
    nothing, one = np.zeros(shape), np.ones(shape)
    if node.op_type == "Mul":
        return value, Affine(widened, nothing)
    if node.op_type == "Add":
        return value, Affine(one, widened)
    if node.op_type == "Sub":
        return value, Affine(one, -widened) if value == first else Affine(-one, widened)
    return (value, Affine(1 / widened, nothing)) if value == first and widened.all() else None


def moved_behind(affine: Affine, graph: Graph, node: onnx.NodeProto) -> Affine | None:
    """Return the operation behind a node that is equivalent to ``affine`` in front of it, or None.

    Pools commute with an operation that is constant within each channel: max pools if its factors are positive, and
    average pools unless they average zeros of a border and there is a shift.
    """
    shape = graph.behind_batch(node.output[0])
    if shape is None or len(node.output) != 1:
        return None
    if node.op_type in RESHAPING and math.prod(shape) == affine.factor.size:
        return Affine(affine.factor.reshape(shape), affine.shift.reshape(shape))
    if node.op_type == "Transpose":
        first, *order = attribute(node, "perm", [])
        axes = [axis - 1 for axis in order]
        return Affine(affine.factor.transpose(axes), affine.shift.transpose(axes)) if first == 0 else None
    by_channel = affine.by_channel() if node.op_type in _LARGEST + _AVERAGE else None
    if by_channel is None:
        return None
    if node.op_type in _LARGEST and not (by_channel.factor > 0).all():
        return None
    if node.op_type == "AveragePool" and by_channel.shift.any() and averages_a_border(node):
        return None
    return Affine(*(_over(shape, part) for part in (by_channel.factor, by_channel.shift)))


def nodes_of(affine: Affine, graph: Graph, value: str, target: str) -> list[onnx.NodeProto]:
    """Return the nodes that make ``target`` from ``value``: a multiplication, an addition, both or none."""
    parts = [("Mul", affine.factor, 1), ("Add", affine.shift, 0)]
    needed = [(operator, part) for operator, part, neutral in parts if (part != neutral).any()]
    nodes = []
    for number, (operator, part) in enumerate(needed, start=1):
        made = target if number == len(needed) else f"{target}.{operator}"
        constant = graph.add_constant(f"{target}.{operator}", _narrowed(part).astype(np.float32))
        nodes.append(helper.make_node(operator, [value, constant], [made]))
        graph.shapes[made] = graph.shapes[value]
        value = made
    return nodes


def _over(shape: tuple[int, ...], by_channel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Broadcast one number per channel to ``shape``, [C, …]."""
    return np.broadcast_to(by_channel.reshape(-1, *(1 for _ in shape[1:])), shape)


def _narrowed(part: NDArray[np.float64]) -> NDArray[Any]:
    """Return the smallest array that broadcasts to the same: one number, one per channel, or all."""
    if (part == part.flat[0]).all():
        return np.asarray(part.flat[0])
    narrow = part[tuple(slice(None) if axis == 0 else slice(1) for axis in range(part.ndim))]
    return narrow if (part == narrow).all() else part
