"""Removes needless conversions from a quantized graph (QDQ form), which cost time and accuracy.

A pair is a ``QuantizeLinear`` and the ``DequantizeLinear`` that reads it: it tells ONNX Runtime that the value between may
stay an integer.
"""

from __future__ import annotations

import onnx

from export.onnx_lean.graph import RESHAPING, Graph

_DENSE = ("MatMul", "Gemm")
_PRODUCTS = ("Conv", *_DENSE)


def feed_bytes(graph: Graph, images: str) -> None:
    """Use the image's bytes as integers where the graph casts them to floats and quantizes them with scale 1.

    The first product then reads the bytes, without Cast and QuantizeLinear.
    """
    for cast in [node for node in graph.nodes if node.op_type == "Cast" and node.input[0] == images]:
        end = cast
        while (reader := graph.only_reader(end.output[0])) is not None and reader.op_type in RESHAPING:
            end = reader
        if reader is None or reader.op_type != "QuantizeLinear":
            continue
        scale, zero = (graph.constants[name] for name in reader.input[1:3])
        if scale == 1 and zero == 0 and zero.dtype == "uint8":
            graph.bypass(cast, images)
            graph.bypass(reader, reader.input[0])


def drop_needless_pairs(graph: Graph) -> None:
    """Remove the pairs between dense layers and operators in floats.

    A dense layer with integer inputs accumulates in 32 bits and can return floats as fast as eight bits. A convolution
    cannot, so the pair behind it stays. So does a pair with zero point 0: it clips negative values, and the quantizer uses
    it in place of a ``Relu``.
    """
    for quantize in [node for node in graph.nodes if node.op_type == "QuantizeLinear"]:
        maker, dequantize = graph.maker(quantize.input[0]), graph.only_reader(quantize.output[0])
        if maker is None or maker.op_type not in _DENSE or graph.constants[quantize.input[2]] == 0:
            continue
        if dequantize is not None and not _leads_to_integers(graph, dequantize):
            for node in (quantize, dequantize):
                graph.bypass(node, node.input[0])


def _leads_to_integers(graph: Graph, dequantize: onnx.NodeProto) -> bool:
    return any(
        _is_integer_product(graph, reader)
        or any(after.op_type == "QuantizeLinear" for after in graph.readers(reader.output[0]))
        for reader in graph.readers(dequantize.output[0])
    )


def _is_integer_product(graph: Graph, node: onnx.NodeProto) -> bool:
    makers = [graph.maker(name) for name in node.input[:2]]
    return node.op_type in _PRODUCTS and all(maker and maker.op_type == "DequantizeLinear" for maker in makers)
