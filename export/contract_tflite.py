"""Adds the contract's input and output to the graph of a TFLite classifier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from digit_infer.contract import CLASSES, SIDE
from digit_infer.runtimes.adapter import Adapter
from digit_infer.runtimes.preprocessing import Preprocessing
from export.errors import ExportError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from digit_infer.contract import Images, Precision

_UNIT = 1 / 255


def precision_of(content: bytes) -> Precision:
    """Return the precision that a file computes in."""
    schema, model = _read(content)
    graph, types = model.subgraphs[0], schema.TensorType
    held = {index for index, tensor in enumerate(graph.tensors) if _has_data(model, tensor)}
    products = {
        schema.BuiltinOperator.CONV_2D,
        schema.BuiltinOperator.FULLY_CONNECTED,
        schema.BuiltinOperator.DEPTHWISE_CONV_2D,
    }
    kinds = set()
    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex]
        if max(code.builtinCode, code.deprecatedBuiltinCode) in products:
            kinds.add(tuple(graph.tensors[index].type for index in operator.inputs[:2]))
    moving = {values for values, _ in kinds}
    if types.INT16 in moving:
        return "int16x8"
    if moving & {types.INT8, types.UINT8}:
        return "int8"
    if any(weights in (types.INT8, types.UINT8) for _, weights in kinds):
        return "int8-dynamic"
    return "float16" if any(graph.tensors[index].type == types.FLOAT16 for index in held) else "float32"


def calibrated(content: bytes, images: Images) -> bytes:
    """Note the range of each tensor over uint8 [N, 28, 28]; the file takes float32 in 0..1."""
    from tensorflow.lite.python.optimize.calibrator import Calibrator

    values = ([image[None].astype(np.float32) * np.float32(_UNIT)] for image in images)
    found: bytes = Calibrator(content).calibrate(lambda: values)
    return found


def with_contract(name: str, content: bytes, adapter: Adapter) -> bytes:
    """Return a file from uint8 [N, 28, 28] to float32 [N, 10] around a classifier.

    Raises:
        ExportError: it takes pictures of another size or in colour, for which only ONNX files are made.
    """
    return _Around(name, content, adapter).written(takes_bytes=True)


def with_unit_input(name: str, content: bytes, adapter: Adapter | None) -> bytes:
    """Return the same with an input float32 [N, 28, 28] in 0..1, as quantization needs it."""
    return _Around(name, content, adapter or Adapter(Preprocessing(255))).written(takes_bytes=False)


class _Around:
    """A model to which operators are added before its input and after its output."""

    def __init__(self, name: str, content: bytes, adapter: Adapter) -> None:
        self._schema, self._model = _read(content)
        self._graph, self._adapter = self._model.subgraphs[0], adapter
        if adapter.size is not None or adapter.channels > 1:
            raise ExportError(
                f"{name} takes pictures of shape {adapter.shape}, around which no TFLite file is written",
                "export it as ONNX, or export the trained model",
            )
        if adapter.batch == 0:
            raise ExportError(f"{name} takes one picture without an axis for several", "export it with a batch: [N, …]")
        if len(self._model.subgraphs) != 1:
            raise ExportError(f"{name} holds {len(self._model.subgraphs)} graphs", "export the trained model")

    def written(self, *, takes_bytes: bool) -> bytes:
        """Add both ends and return the file."""
        from tensorflow.lite.tools import flatbuffer_utils

        self._free_batch()
        graph = self._graph
        source, target = int(graph.inputs[0]), int(graph.outputs[self._adapter.output])
        before = len(graph.operators)
        images = self._front(source, takes_bytes=takes_bytes)
        front = graph.operators[before:]
        graph.operators = [*front, *graph.operators[:before]]
        probabilities = self._back(target)
        graph.inputs, graph.outputs = np.array([images], np.int32), np.array([probabilities], np.int32)
        signature, ends = self._schema.SignatureDefT(), []
        for name, index in ((b"images", images), (b"probabilities", probabilities)):
            end = self._schema.TensorMapT()
            end.name, end.tensorIndex = name, index
            ends.append(end)
        signature.signatureKey, signature.subgraphIndex = b"serving_default", 0
        signature.inputs, signature.outputs = ends[:1], ends[1:]
        self._model.signatureDefs = [signature]
        return bytes(flatbuffer_utils.convert_object_to_bytearray(self._model))

    def _front(self, source: int, *, takes_bytes: bool) -> int:
        types, given = self._schema.TensorType, self._graph.tensors[source]
        pixels, shape = self._adapter.pixels or Preprocessing(), self._adapter.shape
        scale, zero_point = _quantization(given)
        picture = (SIDE, SIDE)
        if (
            takes_bytes
            and given.type == types.UINT8
            and (not scale or np.array_equal(_bytes_of(pixels, scale, zero_point), range(256)))
        ):
            images = self._tensor(b"images", types.UINT8, picture, scale, zero_point)
            self._operator("RESHAPE", [images, self._constant(np.array([-1, *shape], np.int32))], source, shape)
            return images
        images = values = self._tensor(b"images", types.FLOAT32, picture)
        if takes_bytes:
            images = self._tensor(b"images", types.UINT8, picture, _UNIT, 0)
            values = self._tensor(b"unit", types.FLOAT32, picture)
            self._operator("DEQUANTIZE", [images], values)
        for kind, number, neutral in (("MUL", pixels.factor, 1.0), ("ADD", pixels.offset, 0.0)):
            if number != neutral:
                made = self._tensor(kind.lower().encode(), types.FLOAT32, picture)
                self._operator(kind, [values, self._constant(np.array(number, np.float32))], made)
                values = made
        if given.type != types.FLOAT32:
            made = self._tensor(b"quantized", given.type, picture, scale, zero_point)
            self._operator("QUANTIZE" if scale else "CAST", [values], made)
            values = made
        self._operator("RESHAPE", [values, self._constant(np.array([-1, *shape], np.int32))], source, shape)
        return images

    def _back(self, target: int) -> int:
        types, adapter = self._schema.TensorType, self._adapter
        given, values = self._graph.tensors[target], target
        count = int(np.prod(given.shape[1:]))
        if given.type != types.FLOAT32:
            values = self._then("DEQUANTIZE", values, (count,))
        if len(given.shape) != 2:
            values = self._then("RESHAPE", values, (count,), self._constant(np.array([-1, count], np.int32)))
        if adapter.classes is not None:
            values = self._then("GATHER", values, (CLASSES,), self._constant(np.array(adapter.classes, np.int32)))
        if adapter.ending == "logits":
            values = self._then("SOFTMAX", values, (CLASSES,))
        elif adapter.ending == "scores" or adapter.classes is not None:
            total = self._then("SUM", values, (1,), self._constant(np.array([1], np.int32)))
            values = self._then("DIV", values, (CLASSES,), total)
        return values

    def _then(self, kind: str, values: int, sizes: tuple[int, ...], *others: int) -> int:
        made = self._tensor(kind.lower().encode(), self._schema.TensorType.FLOAT32, sizes)
        self._operator(kind, [values, *others], made, sizes)
        return made

    def _tensor(
        self, name: bytes, kind: int, sizes: Sequence[int], scale: float = 0.0, zero_point: int = 0, buffer: int = 0
    ) -> int:
        tensor = self._schema.TensorT()
        tensor.name, tensor.type, tensor.buffer = name, kind, buffer
        shape = sizes if buffer else (1, *sizes)
        tensor.shape = np.array(shape, np.int32)
        if not buffer:
            tensor.shapeSignature = np.array((-1, *sizes), np.int32)
        if scale:
            tensor.quantization = self._schema.QuantizationParametersT()
            tensor.quantization.scale = np.array([scale], np.float32)
            tensor.quantization.zeroPoint = np.array([zero_point], np.int64)
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def _constant(self, values: NDArray[Any]) -> int:
        buffer = self._schema.BufferT()
        buffer.data = np.frombuffer(values.tobytes(), np.uint8)
        self._model.buffers.append(buffer)
        kind = self._schema.TensorType.INT32 if values.dtype == np.int32 else self._schema.TensorType.FLOAT32
        return self._tensor(b"constant", kind, values.shape, buffer=len(self._model.buffers) - 1)

    def _operator(self, kind: str, inputs: Iterable[int], output: int, sizes: tuple[int, ...] = ()) -> None:
        schema = self._schema
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, kind)
        code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), 1
        self._model.operatorCodes.append(code)
        operator = schema.OperatorT()
        operator.opcodeIndex = len(self._model.operatorCodes) - 1
        operator.inputs, operator.outputs = np.array([*inputs], np.int32), np.array([output], np.int32)
        options = {
            "RESHAPE": "ReshapeOptions", "MUL": "MulOptions", "ADD": "AddOptions", "SOFTMAX": "SoftmaxOptions",
            "SUM": "ReducerOptions", "DIV": "DivOptions", "GATHER": "GatherOptions",
        }.get(kind)  # fmt: skip
        if options is not None:
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, options)
            operator.builtinOptions = getattr(schema, f"{options}T")()
            if kind == "RESHAPE":
                operator.builtinOptions.newShape = np.array([-1, *sizes], np.int32)
            elif kind == "SOFTMAX":
                operator.builtinOptions.beta = 1.0
            elif kind == "SUM":
                operator.builtinOptions.keepDims = True
            elif kind == "GATHER":
                operator.builtinOptions.axis = 1
        self._graph.operators.append(operator)

    def _free_batch(self) -> None:
        """Make a fixed batch dynamic: in the shapes of all tensors without data, and of Reshape operators."""
        schema, graph = self._schema, self._graph
        batch = int(graph.tensors[graph.inputs[0]].shape[0])
        for tensor in graph.tensors:
            if (
                not _has_data(self._model, tensor)
                and tensor.shape is not None
                and len(tensor.shape)
                and tensor.shape[0] == batch
            ):
                tensor.shapeSignature = np.array([-1, *tensor.shape[1:]], np.int32)
        for operator in graph.operators:
            code = self._model.operatorCodes[operator.opcodeIndex]
            if max(code.builtinCode, code.deprecatedBuiltinCode) != schema.BuiltinOperator.RESHAPE:
                continue
            made = graph.tensors[operator.outputs[0]]
            free = np.array([-1, *made.shape[1:]], np.int32)
            if len(made.shape) == 0 or made.shape[0] != batch:
                continue
            if len(operator.inputs) > 1 and _has_data(self._model, graph.tensors[operator.inputs[1]]):
                operator.inputs = np.array([operator.inputs[0], self._constant(free)], np.int32)
            if operator.builtinOptions is not None and operator.builtinOptions.newShape is not None:
                operator.builtinOptions.newShape = free


def _read(content: bytes) -> tuple[Any, Any]:
    from tensorflow.lite.python import schema_py_generated as schema
    from tensorflow.lite.tools import flatbuffer_utils

    return schema, flatbuffer_utils.convert_bytearray_to_object(bytearray(content))


def _has_data(model: Any, tensor: Any) -> bool:
    data = model.buffers[tensor.buffer].data
    return data is not None and len(data) > 0


def _quantization(tensor: Any) -> tuple[float, int]:
    held = tensor.quantization
    if held is None or held.scale is None or not len(held.scale):
        return 0.0, 0
    return float(held.scale[0]), int(held.zeroPoint[0])


def _bytes_of(pixels: Preprocessing, scale: float, zero_point: int) -> NDArray[np.float32]:
    found: NDArray[np.float32] = np.clip(np.rint(pixels.table / scale + zero_point), 0, 255)
    return found
