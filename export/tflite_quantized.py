"""Full-integer TFLite: ranges by any method, where the converter knows min-max alone, and a softmax that stays exact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from export.ranges import range_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from digit_infer.contract import Images
    from export.calibration import Method

_PART = 100


EXACT = ("SOFTMAX",)
"""What stays in floats. In eight bits probabilities are multiples of 1/256, and rows of them sum to 1 only within 0.01;
what it would cost to leave more: ``python -m export.records.tflite_choices``."""


_ELEMENTWISE = (
    "ADD", "SUB", "MUL", "DIV", "SUM", "MEAN", "SQUARED_DIFFERENCE", "RSQRT", "SQRT", "SQUARE", "EXP", "LOG", "POW",
    "LOGISTIC", "TANH", "ELU", "GELU", "HARD_SWISH", "LEAKY_RELU", "PRELU", "MAXIMUM", "MINIMUM", "SELECT", "SELECT_V2",
)  # fmt: skip
"""What normalizations and smooth activations consist of: their values need more than eight bits."""

CHOICES: Mapping[str, tuple[str, ...]] = {
    "all but the softmax": EXACT,
    "all but elementwise arithmetic": (*EXACT, *_ELEMENTWISE),
    "all but elementwise arithmetic and attention": (*EXACT, *_ELEMENTWISE, "BATCH_MATMUL", "TRANSPOSE"),
    "convolutions and dense layers": (*EXACT, *_ELEMENTWISE, "BATCH_MATMUL", "TRANSPOSE", "DEPTHWISE_CONV_2D"),
    "convolutions": (*EXACT, *_ELEMENTWISE, "BATCH_MATMUL", "TRANSPOSE", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"),
    "dense layers": (*EXACT, *_ELEMENTWISE, "BATCH_MATMUL", "TRANSPOSE", "DEPTHWISE_CONV_2D", "CONV_2D"),
}
"""What becomes integers, and the operators that stay in floats for it; the fastest first."""

_CHANGED_ANSWERS = 0.01


def well_quantized(calibrated: bytes, images: Images, method: Method) -> tuple[bytes, str]:
    """Quantize as much as keeps the answers; return the file, and what of it became integers.

    ``images``, which gave the ranges, decide: the first of ``CHOICES`` that changes at most 1 % of their answers is taken,
    or else the one that changes fewest. A form that the quantizer refuses is none.

    Raises:
        Exception: what the quantizer raises, if it refuses all.
    """
    expected = _digits(calibrated, images.astype(np.float32) / np.float32(255))
    best: tuple[float, bytes, str] | None = None
    refused: Exception | None = None
    for name, floats in CHOICES.items():
        try:
            candidate = quantized(calibrated, images, method, floats)
            changed = float(np.mean(_digits(candidate, images) != expected))
        except Exception as error:  # TensorFlow raises whatever comes
            refused = refused or error
            continue
        if best is None or changed < best[0]:
            best = changed, candidate, name
        if changed <= _CHANGED_ANSWERS:
            break
    if best is None:
        raise refused or ValueError("there is nothing to quantize")
    return best[1], best[2]


def _digits(model: bytes, values: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.int64]]:
    from ai_edge_litert.interpreter import Interpreter

    interpreter: Any = Interpreter(model_content=model)
    source, target = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    interpreter.resize_tensor_input(source, values.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(source, values)
    interpreter.invoke()
    digits: np.ndarray[Any, np.dtype[np.int64]] = interpreter.get_tensor(target).argmax(axis=1)
    return digits


def quantized(
    calibrated: bytes, images: Images, method: Method, floats: Sequence[str] = EXACT, products: Sequence[str] = ()
) -> bytes:
    """Quantize a float model that TensorFlow has calibrated: it holds the lowest and highest value of each tensor.

    ``images``, uint8 [N, 28, 28], are what it was calibrated with. ``min-max`` takes the ranges as they are. Input and
    output keep theirs in any case: bytes are bytes, probabilities are below 1. Operators of the kinds ``floats`` stay in
    floats, and so do the ``products``, named by the tensors that they make.
    """
    import tensorflow as tf
    from tensorflow.lite.python.convert import mlir_quantize

    ranged = calibrated if method == "min-max" else _with_ranges(calibrated, images, method)
    integers: bytes = mlir_quantize(
        ranged,
        input_data_type=tf.uint8,
        output_data_type=tf.float32,
        denylisted_ops=list(floats),
        denylisted_nodes=list(products),
    )
    return integers


def products_of(calibrated: bytes) -> list[str]:
    """Return the names of the tensors that convolutions and dense layers make, in the order of the graph."""
    from tensorflow.lite.python import schema_py_generated as schema
    from tensorflow.lite.tools import flatbuffer_utils

    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(calibrated))
    graph = model.subgraphs[0]
    kinds = (schema.BuiltinOperator.CONV_2D, schema.BuiltinOperator.FULLY_CONNECTED)
    products = [operator for operator in graph.operators if model.operatorCodes[operator.opcodeIndex].builtinCode in kinds]
    return [graph.tensors[operator.outputs[0]].name.decode() for operator in products]


def _with_ranges(calibrated: bytes, images: Images, method: Method) -> bytes:
    from tensorflow.lite.tools import flatbuffer_utils

    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(calibrated))
    graph = model.subgraphs[0]
    ranged = [
        index
        for index, tensor in enumerate(graph.tensors)
        if tensor.quantization is not None and tensor.quantization.min is not None and index not in _ends(graph)
    ]
    for index, values in zip(ranged, _values(calibrated, ranged, images), strict=True):
        low, high = range_of(values, method)
        graph.tensors[index].quantization.min = np.array([low], np.float32)
        graph.tensors[index].quantization.max = np.array([high], np.float32)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _ends(graph: Any) -> set[int]:
    """Return the tensors that hold the input, as it is or reshaped, and the output."""
    ends = {*graph.inputs, *graph.outputs}
    for operator in graph.operators:  # in the order of execution
        if operator.inputs[0] in graph.inputs and len(graph.tensors[operator.outputs[0]].shape) == 4:
            ends.add(operator.outputs[0])
    return {int(end) for end in ends}


def _values(model: bytes, tensors: list[int], images: Images) -> list[np.ndarray[Any, np.dtype[np.float32]]]:
    """Run the float model over the pictures and return all values of each tensor."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter: Any = Interpreter(
        model_content=model,
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    source = interpreter.get_input_details()[0]["index"]
    parts: list[list[np.ndarray[Any, np.dtype[np.float32]]]] = [[] for _ in tensors]
    for start in range(0, len(images), _PART):
        part = images[start : start + _PART].astype(np.float32) / np.float32(255)
        interpreter.resize_tensor_input(source, part.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(source, part)
        interpreter.invoke()
        for gathered, index in zip(parts, tensors, strict=True):
            gathered.append(interpreter.get_tensor(index).ravel())
    return [np.concatenate(gathered) for gathered in parts]
