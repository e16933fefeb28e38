"""A full-integer TFLite file with a batch of 1, without the parts that microcontrollers do not read."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from export.metadata import KEY


def fixed_batch(content: bytes) -> bytes:
    """Return a converted file with every shape static and a batch of 1.

    Weights, scales and operators stay as they are. The names of inner tensors are removed: they serve debugging only, and
    are a fifth of a small file. The names of the input and the output, and the metadata, stay.
    """
    from tensorflow.lite.python import schema_py_generated as schema
    from tensorflow.lite.tools import flatbuffer_utils

    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
    graph = model.subgraphs[0]
    ends = {*graph.inputs, *graph.outputs}
    for index, tensor in enumerate(graph.tensors):
        tensor.shapeSignature = None  # what was dynamic; `shape` has 1 there
        if index not in ends:
            tensor.name = None
    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex]
        if max(code.builtinCode, code.deprecatedBuiltinCode) == schema.BuiltinOperator.RESHAPE:
            _fix_reshape(model, graph, operator)
    entry = next(entry for entry in model.metadata if entry.name == KEY.encode())
    about = json.loads(bytes(model.buffers[entry.buffer].data))
    about["contract"] = about["contract"].replace("[N, ", "[1, ")
    model.buffers[entry.buffer].data = np.frombuffer(json.dumps(about, sort_keys=True).encode(), np.uint8)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _fix_reshape(model: Any, graph: Any, operator: Any) -> None:
    """Set the static shape of a Reshape's output, in its second input and in its options."""
    shape = np.asarray(graph.tensors[operator.outputs[0]].shape, np.int32)
    if len(operator.inputs) > 1:
        constant = model.buffers[graph.tensors[operator.inputs[1]].buffer]
        if constant.data is not None and len(constant.data):
            constant.data = np.frombuffer(shape.tobytes(), np.uint8)
    if operator.builtinOptions is not None and operator.builtinOptions.newShape is not None:
        operator.builtinOptions.newShape = shape
