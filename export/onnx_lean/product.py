"""Convolutions and dense layers with constant weights, and how they absorb affine operations before and behind them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import onnx
from numpy.typing import NDArray

from export.onnx_lean.affine import Affine
from export.onnx_lean.graph import Graph, attribute


@dataclass(frozen=True, eq=False)
class Product:
    """A ``Conv``, weights [out, in / groups, height, width], or a ``MatMul`` or ``Gemm`` of rows, weights [in, out].

    Weights and bias [out] are float64, so that several changes are rounded once.
    """

    node: onnx.NodeProto
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]

    @property
    def is_dense(self) -> bool:
        """Whether it is no convolution."""
        return self.node.op_type != "Conv"

    def taking_over_behind(self, affine: Affine) -> Product | None:
        """Return the product with ``affine`` applied to its output, or None."""
        by_channel = affine.by_channel()
        if by_channel is None:
            return None
        factor, shift = by_channel.factor, by_channel.shift
        weights = self.weights * (factor if self.is_dense else factor.reshape(-1, 1, 1, 1))
        return replace(self, weights=weights, bias=self.bias * factor + shift)

    def taking_over_before(self, affine: Affine) -> Product | None:
        """Return the product with ``affine`` applied to its input, or None.

        A convolution with zero padding cannot absorb a shift, which would have to apply to the zeros as well.
        """
        by_channel = affine.by_channel()
        if by_channel is None or (by_channel.shift.any() and self._is_padded()):
            return None
        factor, shift = by_channel.factor, by_channel.shift
        if self.is_dense:
            return replace(self, weights=self.weights * factor[:, None], bias=self.bias + shift @ self.weights)
        groups, (out, a_group) = attribute(self.node, "group", 1), self.weights.shape[:2]
        # [out, in / groups]: the input channel that each weight is for
        channels = np.arange(a_group) + a_group * (np.arange(out) // (out // groups))[:, None]
        return replace(
            self,
            weights=self.weights * factor[channels][..., None, None],
            bias=self.bias + (self.weights.sum(axis=(2, 3)) * shift[channels]).sum(axis=1),
        )

    def _is_padded(self) -> bool:
        unpadded = attribute(self.node, "auto_pad", b"NOTSET") in (b"NOTSET", b"VALID")
        return not self.is_dense and (not unpadded or any(attribute(self.node, "pads", [])))


def product_of(graph: Graph, node: onnx.NodeProto | None) -> Product | None:
    """Return a node as a product; None if it is none, or its weights are no constants."""
    if node is None or node.op_type not in ("Conv", "MatMul", "Gemm"):
        return None
    weights = graph.constants.get(node.input[1])
    added = graph.constants.get(node.input[2]) if len(node.input) > 2 else np.zeros(1, np.float32)
    shape = graph.behind_batch(node.output[0])
    if weights is None or added is None or shape is None or {weights.dtype, added.dtype} != {np.dtype(np.float32)}:
        return None
    if node.op_type == "Conv" and weights.ndim != 4:
        return None
    if node.op_type != "Conv" and (len(shape) != 1 or weights.ndim != 2 or attribute(node, "transA", 0)):
        return None
    if added.size not in (1, shape[0]):
        return None
    exact = weights.astype(np.float64) * attribute(node, "alpha", 1.0)
    bias = np.broadcast_to(added.astype(np.float64).reshape(-1) * attribute(node, "beta", 1.0), shape[:1])
    return Product(node, exact.T if attribute(node, "transB", 0) else exact, bias)


def store(graph: Graph, product: Product) -> None:
    """Replace a product by its changed form. A ``MatMul`` with a bias becomes a ``Gemm``."""
    node = product.node
    name = node.output[0]
    inputs = [node.input[0], graph.add_constant(f"{name}.weights", product.weights.astype(np.float32))]
    if product.bias.any() or len(node.input) > 2:
        inputs.append(graph.add_constant(f"{name}.bias", product.bias.astype(np.float32)))
    if node.op_type == "MatMul" and len(inputs) > 2:
        node.op_type = "Gemm"
    if product.is_dense:
        del node.attribute[:]  # the weights hold alpha, beta and the transposition
    node.input[:] = inputs
