"""An ONNX model with integer products."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx

from export.errors import ExportError
from export.onnx_lean import lean_quantized, ready_for_quantization
from export.onnx_lean.graph import attribute
from export.onnx_ranges import ranges_of
from export.ranges import well_kept

if TYPE_CHECKING:
    from digit_infer.contract import Images, Probabilities
    from export.calibration import Method

_PRODUCTS = ("Conv", "MatMul", "Gemm")
_BETWEEN = ("MaxPool", "Relu")
"""Operators that can run on integers between products. Elementwise arithmetic and the softmax would lose accuracy."""

_FEWEST_CHANNELS = 8
_BATCH = 50


def quantized(model: onnx.ModelProto, images: Images, method: Method = "min-max") -> Iterator[tuple[onnx.ModelProto, str]]:
    """Quantize weights per channel and activations per tensor, in QDQ form; yield models and what is quantized in each.

    ``images`` (uint8 [N, 28, 28], training images) give the ranges of activations, and the order of the ``choices``, as
    ``well_kept`` says.

    Raises:
        ExportError: there is nothing to quantize.
    """
    ways = choices(model)
    if not ways:
        raise ExportError("the network holds no matrix product to quantize", "export it as float32")
    expected = answers(model, images)

    def made(name: str) -> tuple[onnx.ModelProto, float]:
        candidate = quantized_in(model, ways[name], images, method)
        return candidate, float(np.mean(answers(candidate, images) != expected))

    yield from well_kept(ways, made)


def choices(model: onnx.ModelProto) -> dict[str, tuple[str, ...]]:
    """Return the choices of what to quantize, the fastest first: names of nodes by a description.

    A convolution with few input channels, such as the first one, is faster in floats: ``export/results/quantization.json``.
    """
    products = [node for node in model.graph.node if node.op_type in _PRODUCTS]
    every = tuple(node.name for node in products)
    convolutions = tuple(node.name for node in products if node.op_type == "Conv")
    channels = {tensor.name: tensor.dims[1] for tensor in model.graph.initializer if len(tensor.dims) > 2}
    thin = {
        node.name
        for node in products
        if node.op_type == "Conv" and channels.get(node.input[1], 1) * attribute(node, "group", 1) < _FEWEST_CHANNELS
    }
    named = {
        "all but thin convolutions": tuple(name for name in every if name not in thin),
        "all products": every,
        "all but the first": every[1:],
        "all but the last": every[:-1],
        "convolutions": convolutions,
        "dense layers": tuple(name for name in every if name not in convolutions),
    }
    said = {names: name for name, names in reversed(named.items())} | {every: "all products"}
    return {said[names]: names for names in dict.fromkeys(named.values()) if names}


def quantized_in(
    model: onnx.ModelProto, products: Sequence[str], images: Images, method: Method = "min-max", also: Sequence[str] = ()
) -> onnx.ModelProto:
    """Return the model with these products in integers, and what lies between them; ``also`` names further operators."""
    in_floats = _in_floats(model, products)
    ready = ready_for_quantization(model, in_floats)
    with _quantizing(ready) as (plain, path):
        ranges = {"TensorQuantOverrides": ranges_of(plain, images, method)}
        quantize(plain, path, images, [*_PRODUCTS, *_BETWEEN, *also], in_floats, _BATCH, ranges)
        return lean_quantized(_loaded(path))


def quantize(
    plain: Path,
    path: Path,
    images: Images,
    kinds: list[str],
    in_floats: list[str],
    batch: int,
    options: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Quantize operators of these ``kinds`` in QDQ form, weights per channel, with the ranges of ``images``.

    ``reduce_range`` keeps weights in seven bits: without VNNI, x86 adds pairs of 8-bit products in 16 bits, which
    saturates, and the accuracy would depend on the user's CPU. ``in_floats`` names nodes that stay as they are.
    """
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    takes = onnx.load(plain).graph.input[0].name
    batches = iter(np.split(images, range(batch, len(images), batch)))

    class Reader(CalibrationDataReader):
        def get_next(self) -> dict[str, Images] | None:
            part = next(batches, None)
            return None if part is None else {takes: part}

    quantize_static(
        plain,
        path,
        Reader(),
        quant_format=QuantFormat.QDQ,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=kinds,
        nodes_to_exclude=in_floats,
        per_channel=True,
        reduce_range=True,
        extra_options=dict(options),
    )


def _in_floats(model: onnx.ModelProto, products: Sequence[str]) -> list[str]:
    """Return the nodes that stay in floats: the other products, and the nodes between them and the next product.

    A pool there runs before the values are quantized, since fewer are left then, with the same result.
    """
    names: list[str] = []
    values: set[str] = set()
    for node in model.graph.node:
        excluded = node.op_type in _PRODUCTS and node.name not in products
        if excluded or (node.op_type in _BETWEEN and values.intersection(node.input)):
            names.append(node.name)
            values.update(node.output)
    return names


def dynamically_quantized(model: onnx.ModelProto) -> onnx.ModelProto:
    """Quantize the weights of dense layers to seven bits per channel; their inputs are quantized in each call.

    Convolutions stay as they are: ``ConvInteger`` is several times slower than float32 on CPUs.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with _quantizing(model) as (plain, path):
        quantize_dynamic(
            plain,
            path,
            op_types_to_quantize=["MatMul", "Gemm"],
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
        )
        return _loaded(path)


def weights_in_eight_bits(model: onnx.ModelProto) -> onnx.ModelProto:
    """Quantize the weights of dense layers to eight bits per channel, and compute in floats.

    ``dynamically_quantized`` has one scale for the values of a whole batch, so a bright image makes the steps of the others
    coarser. Here no answer depends on the other images of a batch.
    """
    quantized = onnx.ModelProto()
    quantized.CopyFrom(model)
    graph = quantized.graph
    held = {tensor.name: tensor for tensor in graph.initializer}
    nodes = []
    for node in graph.node:
        weights = held.get(node.input[1]) if node.op_type in ("MatMul", "Gemm") else None
        if weights is not None and len(weights.dims) == 2:
            axis = 0 if attribute(node, "transB", 0) else 1
            values = onnx.numpy_helper.to_array(weights)
            scale = np.maximum(np.abs(values).max(axis=1 - axis), np.finfo(np.float32).tiny) / 127
            steps = np.rint(values / np.expand_dims(scale, 1 - axis)).astype(np.int8)
            parts = {"eight": steps, "scale": scale.astype(np.float32), "zero": np.zeros(len(scale), np.int8)}
            names = [f"{node.name}.{part}" for part in parts]
            graph.initializer.extend(
                onnx.numpy_helper.from_array(array, name) for array, name in zip(parts.values(), names, strict=True)
            )
            floats = f"{node.name}.weights"
            nodes.append(onnx.helper.make_node("DequantizeLinear", names, [floats], axis=axis))
            node.input[1] = floats
        nodes.append(node)
    made = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del graph.node[:]
    graph.node.extend(made)
    return quantized


@contextmanager
def _quantizing(model: onnx.ModelProto) -> Iterator[tuple[Path, Path]]:
    """Yield a temporary file of the model with its shapes, as the quantizers need it, and a path for their result.

    The metadata tells them that the model is preprocessed already.
    """
    with TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.onnx"
        shaped = onnx.shape_inference.infer_shapes(model)
        shaped.metadata_props.add(key="onnx.quant.pre_process", value="onnxruntime.quant")
        onnx.save(shaped, plain)
        yield plain, Path(folder) / "quantized.onnx"


def _loaded(path: Path) -> onnx.ModelProto:
    """Load the result of a quantizer, without its own metadata."""
    model = onnx.load(path)
    del model.metadata_props[:]
    return model


def answers(model: onnx.ModelProto, images: Images) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the digit that a model gives each image."""
    import onnxruntime

    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    probabilities: Probabilities = session.run(None, {"images": images})[0]
    digits: np.ndarray[Any, np.dtype[np.int64]] = probabilities.argmax(axis=1)
    return digits
