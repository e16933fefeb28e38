"""Walks over exported graphs: what no deployable file may hold, and what a lean one has no use for, each in words."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

FORBIDDEN = {
    *("BatchNormalization", "Constant", "Dropout", "Identity", "If", "Loop", "Scan", "Transpose"),
    *("Shape", "Gather", "Slice", "Concat", "Squeeze", "Unsqueeze"),  # of the chains that compute a shape again
}
PRODUCTS = {"Conv", "Gemm", "MatMul"}
ARITHMETIC = {"Mul", "Add", "Sub", "Div"}
RESHAPING = {"Reshape", "Flatten"}


def in_onnx(path: Path) -> list[str]:
    """Return what is wrong with an ONNX file; nothing is right."""
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    graph = Walk(model)
    found = [f"{node.name} is a {node.op_type}" for node in graph.nodes if node.op_type in FORBIDDEN]
    found += [f"{node.name} is from {node.domain}" for node in graph.nodes if node.domain]
    found += [f"the model imports {entry.domain} {entry.version}" for entry in model.opset_import if entry.domain]
    if list(model.graph.value_info) or len(model.graph.output) != 1:
        found.append("the graph says more than it needs to")
    found += [f"nobody reads {name} of {node.name}" for node in graph.nodes for name in node.output if not graph.read[name]]
    found += [f"nobody reads the constant {name}" for name in graph.constants if not graph.read[name]]
    for node in graph.nodes:
        found += [f"{node.name} {what}" for what in _needless(graph, node)]
    return found


class Walk:
    """Who makes and who reads each value."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.nodes = list(model.graph.node)
        self.constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
        self.makers = {name: node for node in self.nodes for name in node.output}
        self.read = Counter(name for node in self.nodes for name in node.input)
        self.read.update(end.name for end in model.graph.output)
        self.images = model.graph.input[0].name

    def made_by(self, node, *operators):
        """The node that makes what a node reads first, if it is one of these."""
        maker = self.makers.get(node.input[0]) if node is not None else None
        return maker if maker is not None and maker.op_type in operators else None

    def readers(self, node):
        return [reader for reader in self.nodes if set(node.output) & set(reader.input)]

    def is_integer(self, node):
        """Whether ONNX Runtime can compute a product in integers: it reads what stands behind a DequantizeLinear."""
        return node.op_type in PRODUCTS and all(
            name in self.makers and self.makers[name].op_type == "DequantizeLinear" for name in node.input[:2]
        )


def _needless(graph, node):
    """Say what of a node could have been folded away."""
    constant = [graph.constants[name] for name in node.input if name in graph.constants]
    if node.op_type == "Cast" and graph.made_by(node, "Cast"):
        yield "casts what was cast"
    if node.op_type in RESHAPING and graph.made_by(node, *RESHAPING):
        yield "reshapes what was reshaped"
    if node.op_type in ARITHMETIC and len(constant) == len(node.input):
        yield "computes with constants alone"
    dynamic = any(entry.op_type == "MatMulInteger" for entry in graph.nodes)  # its scales and bias stand outside
    if node.op_type in ARITHMETIC and constant and not dynamic:
        yield from _unfolded(graph, node)
    if node.op_type == "QuantizeLinear":
        yield from _quantized_for_nothing(graph, node)
    if node.op_type == "DequantizeLinear" and graph.made_by(node, "QuantizeLinear"):
        pair = [[graph.constants[name] for name in end.input[1:]] for end in (node, graph.made_by(node, "QuantizeLinear"))]
        if any((one != other).any() for one, other in zip(*pair, strict=True)):
            yield "does not undo what the QuantizeLinear before it did"


def _unfolded(graph, node):
    """Arithmetic with constants belongs into a product, but a shift before a border of zeros stays."""
    if graph.made_by(node, *PRODUCTS):
        yield "belongs into the product before it"
    (*_, after) = [None, *graph.readers(node)]
    while after is not None and after.op_type in RESHAPING:
        (*_, after) = [None, *graph.readers(after)]
    if after is not None and after.op_type in PRODUCTS:
        pads = next((list(entry.ints) for entry in after.attribute if entry.name == "pads"), [])
        if node.op_type in ("Mul", "Div") or not any(pads):
            yield "belongs into the product behind it"


def _quantized_for_nothing(graph, node):
    cast = graph.made_by(node, "Cast", *RESHAPING)
    while cast is not None and cast.op_type != "Cast":
        cast = graph.made_by(cast, "Cast", *RESHAPING)
    if cast is not None and cast.input[0] == graph.images:
        yield "quantizes bytes"
    readers = [reader for dequantize in graph.readers(node) for reader in graph.readers(dequantize)]
    leads = any(
        graph.is_integer(reader) or any(after.op_type == "QuantizeLinear" for after in graph.readers(reader))
        for reader in readers
    )
    comes = any(
        graph.makers[name].op_type == "DequantizeLinear"
        for name in graph.makers[node.input[0]].input
        if name in graph.makers
    )
    if not leads and not comes:
        yield "stands with its DequantizeLinear between floats"
    if not leads and graph.made_by(node, "Gemm", "MatMul") and np.any(graph.constants[node.input[2]]):
        yield "rounds what a dense layer gives, for floats"


FORBIDDEN_IN_TFLITE = {
    "CUSTOM",
    "SHAPE",
    "PACK",
    "STRIDED_SLICE",
    "TRANSPOSE",
    "WHILE",
    "IF",
    "VAR_HANDLE",
    "READ_VARIABLE",
}


def in_tflite(path: Path) -> list[str]:
    """Return what is wrong with a TFLite file; nothing is right."""
    from tensorflow.lite.python import schema_py_generated as schema
    from tensorflow.lite.tools import flatbuffer_utils

    model = flatbuffer_utils.read_model(str(path))
    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    (graph,) = model.subgraphs
    operators = [names[model.operatorCodes[node.opcodeIndex].builtinCode] for node in graph.operators]
    found = [f"{operator} is in it" for operator in sorted(FORBIDDEN_IN_TFLITE & set(operators))]
    found += [f"{code.customCode} is no built-in operator" for code in model.operatorCodes if code.customCode]
    read = {int(index) for node in graph.operators for index in node.inputs} | {int(index) for index in graph.outputs}
    found += [f"nobody reads {tensor.name}" for index, tensor in enumerate(graph.tensors) if index not in read]
    used = {tensor.buffer for tensor in graph.tensors} | {entry.buffer for entry in model.metadata}
    found += [
        f"nobody uses the {len(buffer.data)} bytes of buffer {number}"
        for number, buffer in enumerate(model.buffers)
        if buffer.data is not None and len(buffer.data) and number not in used
    ]
    rows = list(pairwise(operators))
    sixteen = schema.TensorType.INT16 in {tensor.type for tensor in graph.tensors}
    if sixteen and rows[0] == ("DEQUANTIZE", "QUANTIZE"):
        del rows[0]  # no operator turns bytes into sixteen bits at once
    found += [f"{pair[0]} before {pair[1]}" for pair in rows if pair in NEEDLESS_IN_A_ROW]
    return found


NEEDLESS_IN_A_ROW = {("QUANTIZE", "DEQUANTIZE"), ("DEQUANTIZE", "QUANTIZE"), ("RESHAPE", "RESHAPE"), ("CAST", "CAST")}
