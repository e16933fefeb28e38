"""An ONNX graph for rewriting: producers and consumers of values, constants, and known shapes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

Shape: TypeAlias = tuple[int | None, ...]
"""None stands for a dimension that is not known, as the batch is not."""

RESHAPING = ("Reshape", "Flatten", "Squeeze", "Unsqueeze")
"""Operators that keep every number, and their order."""


@dataclass(frozen=True)
class Graph:
    """A copy of a model's graph with its shapes inferred; rewriting it leaves the model as it is.

    ``nodes`` are in topological order.
    """

    nodes: list[onnx.NodeProto]
    constants: dict[str, NDArray[Any]]
    shapes: dict[str, Shape]
    types: dict[str, int]
    output: str

    def readers(self, value: str) -> list[onnx.NodeProto]:
        """Return the nodes that read a value, one of them twice if it reads it twice."""
        return [node for node in self.nodes for name in node.input if name == value]

    def only_reader(self, value: str) -> onnx.NodeProto | None:
        """Return the only node that reads a value, or None if others do or the value is the graph's output."""
        readers = self.readers(value)
        return readers[0] if len(readers) == 1 and value != self.output else None

    def maker(self, value: str) -> onnx.NodeProto | None:
        """Return the node that makes a value; None for an input and for a constant."""
        return next((node for node in self.nodes if value in node.output), None)

    def behind_batch(self, value: str) -> tuple[int, ...] | None:
        """Return the shape of a value behind the batch, or None if it is not known."""
        shape = self.shapes.get(value)
        if not shape or any(size is None for size in shape[1:]):
            return None
        return tuple(size for size in shape[1:] if size is not None)

    def add_constant(self, like: str, array: NDArray[Any]) -> str:
        """Add a constant under a new name that begins as ``like``; return the name."""
        name = next(name for name in (f"{like}.{number}" for number in range(1, 10_000)) if name not in self.constants)
        self.constants[name] = np.ascontiguousarray(array)
        return name

    def bypass(self, node: onnx.NodeProto, value: str) -> None:
        """Remove a node with one output: its readers read ``value`` instead, which another node makes.

        The graph's output keeps its name: the maker of ``value`` gets it.
        """
        self.replace(node, [])
        old, new = (value, self.output) if node.output[0] == self.output else (node.output[0], value)
        for other in self.nodes:
            other.input[:] = [new if name == old else name for name in other.input]
            other.output[:] = [new if name == old else name for name in other.output]

    def replace(self, node: onnx.NodeProto, others: list[onnx.NodeProto]) -> None:
        """Replace a node by others."""
        position = next(position for position, found in enumerate(self.nodes) if found is node)
        self.nodes[position : position + 1] = others


def has_control_flow(model: onnx.ModelProto) -> bool:
    """Return whether a node has subgraphs, which read values of the outer graph by name."""
    return any(found.HasField("g") or found.graphs for node in model.graph.node for found in node.attribute)


def read(model: onnx.ModelProto) -> Graph:
    """Copy the graph of a model, with its ``Constant`` nodes as constants."""
    inferred = onnx.shape_inference.infer_shapes(model, data_prop=True)
    graph = inferred.graph
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    nodes = []
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            constants[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
        else:
            nodes.append(node)
    shapes: dict[str, Shape] = {name: array.shape for name, array in constants.items()}
    types: dict[str, int] = {}
    for value in [*graph.value_info, *graph.input, *graph.output]:
        sizes = value.type.tensor_type.shape.dim
        shapes[value.name] = tuple(size.dim_value if size.HasField("dim_value") else None for size in sizes)
        types[value.name] = value.type.tensor_type.elem_type
    return Graph(nodes, constants, shapes, types, graph.output[0].name)


def write(graph: Graph, model: onnx.ModelProto) -> onnx.ModelProto:
    """Return ``model`` with this graph, without unused constants."""
    read = {name for node in graph.nodes for name in node.input}
    written = onnx.ModelProto()
    written.CopyFrom(model)
    del written.graph.node[:], written.graph.initializer[:], written.graph.value_info[:]
    written.graph.node.extend(graph.nodes)
    written.graph.initializer.extend(
        numpy_helper.from_array(array, name) for name, array in graph.constants.items() if name in read
    )
    return written


def attribute(node: onnx.NodeProto, name: str, default: Any = None) -> Any:
    """Return an attribute of a node by its name, or the default where it has none of that name."""
    found = next((found for found in node.attribute if found.name == name), None)
    return default if found is None else helper.get_attribute_value(found)


def averages_a_border(node: onnx.NodeProto) -> bool:
    """Tell whether an ``AveragePool`` counts the zeros of a border as values."""
    if attribute(node, "count_include_pad", 0) == 0:
        return False
    return any(attribute(node, "pads", [])) or attribute(node, "auto_pad", b"NOTSET") != b"NOTSET"
