"""Runs one file on other kernels: its answers must not depend on the runtime."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from digit_infer.benchmark.statistics import flips
from digit_infer.runtimes import RUNTIMES
from digit_infer.runtimes.protocol import answer_in_parts

if TYPE_CHECKING:
    from collections.abc import Callable

    from digit_infer.contract import Images, Probabilities
    from digit_infer.runtimes.model_file import ModelFile

    Answer = Callable[[Images], Probabilities]


TOGETHER = 1_000
"""Images of one call in the test whether answers depend on the other images of the call."""


@dataclass(frozen=True)
class Agreement:
    """How another runtime answers the same images: the largest difference of a probability, and the flips."""

    runtime: str
    images: int
    largest_difference: float
    flips: tuple[int, ...]


def agreements(file: ModelFile, images: Images, answers: Probabilities, batch: int) -> tuple[Agreement, ...]:
    """Compare ``answers``, float32 [N, 10], with those of all other kernels that are available for the file."""
    ways = [(runtime, answer, batch) for runtime, answer in _others(file).items()]
    if (file.format, file.precision) == ("onnx", "int8-dynamic"):  # quantized by the batch: the others may change an answer
        ways.append((f"onnx-cpu, {TOGETHER:,} images in a call", RUNTIMES["onnx-cpu"].open(file, None).answers, TOGETHER))
    found = []
    for runtime, answer, size in ways:
        others = answer_in_parts(answer, images, size)
        largest = float(np.abs(others.astype(np.float64) - answers).max())
        found.append(Agreement(runtime, len(images), largest, flips(answers, others)))
    return tuple(found)


def _others(file: ModelFile) -> dict[str, Answer]:
    if file.precision == "int16x8":
        return {}  # LiteRT has one set of kernels for it, and its own
    if file.format == "tflite":
        return {"LiteRT's own kernels, without XNNPACK": _without_xnnpack(file)}
    others = {"ONNX Runtime, graph as written": _as_written(file)}
    gpu = RUNTIMES["onnx-gpu"]
    if gpu.availability().available:
        session = gpu.open(file, None)
        others[f"{gpu.name}, {session.provider}"] = session.answers
    return others


def _as_written(file: ModelFile) -> Answer:
    """Run an ONNX file without graph optimisations.

    A quantized file then computes its products in floats, on dequantized values, in the same way on every CPU.
    """
    import onnxruntime

    from digit_infer.runtimes.onnx_session import OnnxSession, load

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return OnnxSession(load(file, options, ["CPUExecutionProvider"], 1), str(file.path), 1, file.contract).answers


def _without_xnnpack(file: ModelFile) -> Answer:
    """Run a TFLite file on the interpreter's own kernels, as old Android phones and other builds without XNNPACK do."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    from digit_infer.runtimes.tflite import TfliteSession

    interpreter = Interpreter(
        model_content=file.path.read_bytes(),
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    return TfliteSession(interpreter, str(file.path), "LiteRT without XNNPACK", 1, file.contract).answers
