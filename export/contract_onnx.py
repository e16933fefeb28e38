"""Adds the contract's input and output to the graph of an ONNX classifier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from digit_infer.contract import CLASSES, SIDE
from digit_infer.errors import first_line_of
from digit_infer.runtimes.adapter import Adapter, resampling
from digit_infer.runtimes.preprocessing import Preprocessing
from export.errors import ExportError

if TYPE_CHECKING:
    from digit_infer.contract import Precision

OPSET = 17
"""Older graphs are converted to it. tf2onnx writes global pooling as a transpose and a mean from 18 on, and refuses 19."""

_QUANTIZING = ("QuantizeLinear", "QLinearConv", "QLinearMatMul", "QGemm")
_DYNAMIC = ("DynamicQuantizeLinear", "ConvInteger", "MatMulInteger", "DynamicQuantizeMatMul")


def precision_of(model: onnx.ModelProto) -> Precision:
    """Return the precision that a graph computes in."""
    kinds = {node.op_type for node in model.graph.node}
    if kinds.intersection(_DYNAMIC):
        return "int8-dynamic"
    if kinds.intersection(_QUANTIZING):
        return "int8"
    half = any(tensor.data_type == TensorProto.FLOAT16 for tensor in model.graph.initializer)
    return "float16" if half else "float32"


def with_contract(name: str, model: onnx.ModelProto, adapter: Adapter | None) -> onnx.ModelProto:
    """Return a graph from uint8 [N, 28, 28] to float32 [N, 10] around a classifier; ``adapter`` None: no wrapper.

    Raises:
        ExportError: it takes one picture alone, or its operators are too old.
    """
    model = _in_todays_operators(name, model)
    graph = model.graph
    held = {tensor.name for tensor in graph.initializer}
    source = next(end for end in graph.input if end.name not in held)
    target = graph.output[adapter.output if adapter else 0]
    if adapter is not None and adapter.batch == 0:
        raise ExportError(f"{name} takes one picture without an axis for several", "export it with a batch: [N, …]")
    _renamed(graph, {source.name: "given", target.name: "answered"})
    _freed_batch(graph, adapter.batch if adapter else None)
    front = _Nodes("front")
    back = _Nodes("back")
    given = "images" if adapter is None else _prepared(front, adapter, source.type.tensor_type.elem_type)
    answered = "answered" if adapter is None else _probabilities(back, adapter, target.type.tensor_type.elem_type)
    front.add("Identity", [given], output="given")
    back.add("Identity", [answered], output="probabilities")
    nodes = _in_order([*front.nodes, *graph.node, *back.nodes])
    made = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["N", SIDE, SIDE])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", CLASSES])],
        [*graph.initializer, *front.constants, *back.constants],
    )
    contract = helper.make_model(made, opset_imports=model.opset_import, ir_version=max(model.ir_version, 8))
    contract.functions.extend(model.functions)
    return contract


def _in_order(nodes: list[onnx.NodeProto]) -> list[onnx.NodeProto]:
    """Sort nodes topologically, which ONNX's version converter does not."""
    makers = {value: number for number, node in enumerate(nodes) for value in node.output}
    ordered: list[onnx.NodeProto] = []
    waiting = dict(enumerate(nodes))
    while waiting:
        ready = [
            number for number, node in waiting.items() if not any(makers.get(value) in waiting for value in node.input)
        ]
        ordered += [waiting.pop(number) for number in ready]
        if not ready:  # a circle, which the checker tells of
            return [*ordered, *waiting.values()]
    return ordered


class _Nodes:
    """Nodes that are added in a row, with the constants that they read."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def add(self, kind: str, inputs: list[Any], *, output: str | None = None, **attributes: Any) -> str:
        """Add a node; arrays among its inputs become constants. Return the name of what it makes."""
        number = len(self.nodes)
        names = []
        for place, value in enumerate(inputs):
            if isinstance(value, np.ndarray):
                constant = f"{self._prefix}_{number}_{place}"
                self.constants.append(numpy_helper.from_array(value, constant))
                names.append(constant)
            else:
                names.append(value)
        made = output or f"{self._prefix}_{number}_made"
        self.nodes.append(helper.make_node(kind, names, [made], f"{self._prefix}_{number}", **attributes))
        return made


def _prepared(nodes: _Nodes, adapter: Adapter, dtype: int) -> str:
    """Add the nodes in front of the network, and return the name of its input."""
    pixels = adapter.pixels or Preprocessing()
    whole = dtype in (TensorProto.UINT8, TensorProto.INT32, TensorProto.INT64)
    values = "images"
    if not (whole and pixels == Preprocessing(255) and adapter.size is None):
        values = nodes.add("Cast", [values], to=TensorProto.FLOAT)
        values = nodes.add("Mul", [values, np.array(pixels.factor / 255, np.float32)])
        if pixels.offset:
            values = nodes.add("Add", [values, np.array(pixels.offset, np.float32)])
    if adapter.size == "padded":
        before = (adapter.side - SIDE) // 2
        behind = adapter.side - SIDE - before
        pads = np.array([0, before, before, 0, behind, behind], np.int64)
        values = nodes.add("Pad", [values, pads, np.array(pixels.table[0], np.float32)])
    elif adapter.size == "resized":
        weights = resampling(adapter.side)
        values = nodes.add("MatMul", [nodes.add("MatMul", [weights, values]), np.ascontiguousarray(weights.T)])
    if adapter.channels > 1:
        axis = 1 if adapter.layout == "channels-first" else 3
        one = nodes.add("Unsqueeze", [values, np.array([axis], np.int64)])
        values = nodes.add("Concat", [one] * adapter.channels, axis=axis)
    if adapter.shape != (SIDE, SIDE):
        values = nodes.add("Reshape", [values, np.array([-1, *adapter.shape], np.int64)])
    if dtype not in (TensorProto.FLOAT, TensorProto.UINT8) or (
        dtype == TensorProto.UINT8 and nodes.nodes[0].op_type == "Cast"
    ):
        values = nodes.add("Cast", [values], to=dtype)
    return values


def _probabilities(nodes: _Nodes, adapter: Adapter, dtype: int) -> str:
    """Add the nodes behind the network, and return the name of the probabilities."""
    values = "answered"
    if dtype != TensorProto.FLOAT:
        values = nodes.add("Cast", [values], to=TensorProto.FLOAT)
    values = nodes.add("Flatten", [values], axis=1)
    if adapter.classes is not None:
        values = nodes.add("Gather", [values, np.array(adapter.classes, np.int64)], axis=1)
    if adapter.ending == "logits":
        return nodes.add("Softmax", [values], axis=1)
    if adapter.ending == "scores" or adapter.classes is not None:
        least = np.array(np.finfo(np.float32).tiny, np.float32)
        positive = nodes.add("Max", [values, least])
        total = nodes.add("ReduceSum", [positive, np.array([1], np.int64)], keepdims=1)
        return nodes.add("Div", [positive, total])
    return values


def _in_todays_operators(name: str, model: onnx.ModelProto) -> onnx.ModelProto:
    version = next((opset.version for opset in model.opset_import if opset.domain in ("", "ai.onnx")), 0)
    if version >= OPSET:
        copy = onnx.ModelProto()
        copy.CopyFrom(model)
        return copy
    try:
        return onnx.version_converter.convert_version(model, OPSET)
    except Exception as error:  # of C++, with whatever words
        reason = first_line_of(error)
        raise ExportError(
            f"{name} uses operators of ONNX's version {version}, which cannot be brought to {OPSET} ({reason})",
            "export the trained model again",
        ) from error


def _renamed(graph: onnx.GraphProto, names: dict[str, str]) -> None:
    """Rename values, in nodes and in their subgraphs."""
    for node in graph.node:
        node.input[:] = [names.get(value, value) for value in node.input]
        node.output[:] = [names.get(value, value) for value in node.output]
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                _renamed(inner, names)


def _freed_batch(graph: onnx.GraphProto, batch: int | None) -> None:
    """Make a fixed batch dynamic: in the shapes of Reshape nodes, and by dropping inferred shapes."""
    del graph.value_info[:]
    if batch is None:
        return
    constants = {tensor.name: tensor for tensor in graph.initializer}
    made = {node.output[0]: node for node in graph.node if node.op_type == "Constant"}
    for node in list(graph.node):
        if node.op_type != "Reshape":
            continue
        shape = node.input[1]
        tensor = constants.get(shape) or (made[shape].attribute[0].t if shape in made else None)
        if tensor is None:
            continue
        sizes = numpy_helper.to_array(tensor)
        if len(sizes) and sizes[0] == batch:
            free = np.array([0, *sizes[1:]], np.int64)  # 0: as it comes
            name = f"{node.output[0]}.free_batch"
            graph.initializer.append(numpy_helper.from_array(free, name))
            node.input[1] = name
            kept = [attribute for attribute in node.attribute if attribute.name != "allowzero"]  # PyTorch's: 0 is nothing
            del node.attribute[:]
            node.attribute.extend(kept)
