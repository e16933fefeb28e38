"""Full-integer TFLite: ranges by any method, where the converter has min-max only, and a softmax in floats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from export.errors import ExportError
from export.ranges import range_of, well_kept

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from digit_infer.contract import Images
    from export.calibration import Method

_PART = 100


EXACT = ("SOFTMAX",)
"""Operators that stay in floats. In eight bits probabilities are multiples of 1/256, and rows sum to 1 only within 0.01.
``python -m export.records.tflite_choices`` measures the cost of leaving more in floats."""


_ELEMENTWISE = (
    "ADD", "SUB", "MUL", "DIV", "SUM", "MEAN", "SQUARED_DIFFERENCE", "RSQRT", "SQRT", "SQUARE", "EXP", "LOG", "POW",
    "LOGISTIC", "TANH", "ELU", "GELU", "HARD_SWISH", "LEAKY_RELU", "PRELU", "MAXIMUM", "MINIMUM", "SELECT", "SELECT_V2",
)  # fmt: skip
"""Operators of normalizations and smooth activations, whose values need more than eight bits."""

_CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV")
_DENSE = ("FULLY_CONNECTED",)
_PRODUCTS = (*_CONVOLUTIONS, *_DENSE)
PRODUCTS_ALONE = "convolutions and dense layers"
_MOST_PRODUCTS = 30

_NOTHING = 1e-5
"""The width of a range that holds 0 alone; TensorFlow makes it 2e-6."""


CHOICES: Mapping[str, Callable[[str], bool]] = {
    "all but the softmax": lambda kind: kind not in EXACT,
    "all but elementwise arithmetic": lambda kind: kind not in (*EXACT, *_ELEMENTWISE),
    PRODUCTS_ALONE: lambda kind: kind in _PRODUCTS,
    "convolutions": lambda kind: kind in _CONVOLUTIONS,
    "dense layers": lambda kind: kind in _DENSE,
}
"""The choices of operators to quantize, the fastest first."""


def well_quantized(calibrated: bytes, images: Images, method: Method) -> Iterator[tuple[bytes, str]]:
    """Quantize a model by each choice; yield files, and what is quantized in each.

    They come in the order of ``well_kept``, by the answers to ``images``, which also give the ranges. The last has all
    products in integers except the one that costs most. Choices that the quantizer or LiteRT refuses are left out.

    Raises:
        Exception: what was raised first, if all are refused.
        ExportError: there is nothing to quantize.
    """
    expected = _digits(calibrated, images.astype(np.float32) / np.float32(255))
    refused: list[Exception] = []
    operators = operators_of(calibrated)
    kinds, products = [kind for kind, _ in operators], products_of(calibrated)

    def made(name: str, *but: str) -> tuple[bytes, float] | None:
        try:
            candidate = quantized(calibrated, images, method, [kind for kind in kinds if not CHOICES[name](kind)], but)
            return candidate, float(np.mean(_digits(candidate, images) != expected))
        except Exception as error:  # TensorFlow raises whatever comes
            refused.append(error)
            return None

    choices = [name for name, kept in CHOICES.items() if any(kept(kind) for kind in kinds if kind in _PRODUCTS)]
    if not choices:
        raise ExportError("the network holds no matrix product to quantize", "export it as float32")
    yield from well_kept(choices, made)
    if len(refused) == len(choices):
        raise refused[0]
    found = [(*one, name) for name in products[:_MOST_PRODUCTS] if (one := made(PRODUCTS_ALONE, name)) is not None]
    if len(products) > 1 and found:
        best, _, name = min(found, key=lambda one: one[1])
        yield best, f"{PRODUCTS_ALONE} but {name}"


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

    ranged = _with_ranges_above_zero(calibrated if method == "min-max" else _with_ranges(calibrated, images, method))
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
    return [name for kind, name in operators_of(calibrated) if kind in ("CONV_2D", "FULLY_CONNECTED")]


def operators_of(calibrated: bytes) -> list[tuple[str, str]]:
    """Return the kind of each operator, in the order of the graph, and the name of the first tensor that it makes."""
    from tensorflow.lite.python import schema_py_generated as schema
    from tensorflow.lite.tools import flatbuffer_utils

    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(calibrated))
    graph, names = model.subgraphs[0], {number: name for name, number in vars(schema.BuiltinOperator).items()}
    kinds = [names[max(code.builtinCode, code.deprecatedBuiltinCode)] for code in model.operatorCodes]
    return [(kinds[operator.opcodeIndex], graph.tensors[operator.outputs[0]].name.decode()) for operator in graph.operators]


def _with_ranges_above_zero(calibrated: bytes) -> bytes:
    """Give tensors that were always 0, such as the first state of a recurrent layer, a valid range."""
    from tensorflow.lite.tools import flatbuffer_utils

    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(calibrated))
    held = [tensor.quantization for tensor in model.subgraphs[0].tensors if tensor.quantization is not None]
    empty = [ranges for ranges in held if ranges.min is not None and (ranges.max - ranges.min < _NOTHING).all()]
    for ranges in empty:
        ranges.max = np.ones_like(ranges.max)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model)) if empty else calibrated


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
        if low == high:
            continue
        graph.tensors[index].quantization.min = np.array([low], np.float32)
        graph.tensors[index].quantization.max = np.array([high], np.float32)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _ends(graph: Any) -> set[int]:
    """Return the tensors of the input, also reshaped, and of the output."""
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
    (given,) = interpreter.get_input_details()
    source, together = given["index"], _PART if given["shape_signature"][0] < 0 else 1
    parts: list[list[np.ndarray[Any, np.dtype[np.float32]]]] = [[] for _ in tensors]
    for start in range(0, len(images), together):
        part = images[start : start + together].astype(np.float32) / np.float32(255)
        interpreter.resize_tensor_input(source, part.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(source, part)
        interpreter.invoke()
        for gathered, index in zip(parts, tensors, strict=True):
            gathered.append(interpreter.get_tensor(index).ravel())
    return [np.concatenate(gathered) for gathered in parts]
