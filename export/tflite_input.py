"""Gives a TFLite model with float input in 0..1 an input of bytes, where the converter cannot."""

from __future__ import annotations

import numpy as np


def with_byte_input(model_bytes: bytes) -> bytes:
    """Put an operator in front that reads bytes as multiples of 1/255: uint8 [N, 28, 28] -> float32 in 0..1.

    The converter refuses a uint8 input where activations have 16 bits. ``DEQUANTIZE`` of a tensor with scale 1/255 and zero
    point 0 does in one operator what a cast and a product would do.
    """
    from tensorflow.lite.python import schema_py_generated as schema
    from tensorflow.lite.tools import flatbuffer_utils

    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(model_bytes))
    graph = model.subgraphs[0]
    floats = int(graph.inputs[0])

    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.DEQUANTIZE
    code.version = 1
    model.operatorCodes.append(code)

    images = schema.TensorT()
    images.name, images.type, images.buffer = b"images", schema.TensorType.UINT8, 0
    images.shape, images.shapeSignature = graph.tensors[floats].shape, graph.tensors[floats].shapeSignature
    images.quantization = schema.QuantizationParametersT()
    images.quantization.scale = np.array([1 / 255], np.float32)
    images.quantization.zeroPoint = np.array([0], np.int64)
    graph.tensors.append(images)

    reading = schema.OperatorT()
    reading.opcodeIndex = len(model.operatorCodes) - 1
    reading.inputs, reading.outputs = np.array([len(graph.tensors) - 1]), np.array([floats])
    graph.operators.insert(0, reading)
    graph.inputs = reading.inputs
    for signature in model.signatureDefs:
        for end in signature.inputs:
            end.tensorIndex = len(graph.tensors) - 1
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))
