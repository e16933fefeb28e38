"""A model file as C++ source: an array of bytes in a ``.cc`` and what a program must know of it in a ``.h``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from digit_infer.zoo.manifest import ZooFile

if TYPE_CHECKING:
    pass

_BYTES_IN_A_LINE = 20
_SPELLED_OTHERWISE = {
    "BATCH_MATMUL": "BatchMatMul",
    "CUMSUM": "CumSum",
    "PADV2": "PadV2",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "UnidirectionalSequenceLSTM",
}


@dataclass(frozen=True)
class MicroFile:
    """A fixed-batch file, proven on TensorFlow Lite Micro, and what running it takes.

    ``input_scale`` is what one step of a byte stands for, with zero point 0; ``operators`` are its builtin operators, each
    once, in the order of the graph; ``arena_bytes`` is the least memory for tensors with which ``package`` ran it on this
    ``architecture``.
    """

    model: str
    file: ZooFile
    input_scale: float
    operators: tuple[str, ...]
    arena_bytes: int
    architecture: str
    package: str


def identifier(model: str) -> str:
    """Return the name of the array: ``my-net`` becomes ``my_net_int8``, ``7th`` becomes ``model_7th_int8``."""
    word = re.sub(r"[^0-9A-Za-z]+", "_", model).strip("_")
    return f"{word if word[:1].isalpha() else f'model_{word}'}_int8"


def header(micro: MicroFile) -> str:
    """Return the ``.h``: in words what goes in and comes out, the memory, the operators, and the declarations."""
    name = identifier(micro.model)
    parity, share = micro.file.parity, micro.file.parity.accuracy
    scale = f"Scale 1/{1 / micro.input_scale:g}"
    guard = f"DIGIT_INFER_{name.upper()}_H_"
    resolver = "\n".join(f"//     resolver.{resolver_call(operator)}();" for operator in micro.operators)
    return f"""\
// {micro.model} for TensorFlow Lite Micro: full-integer, one picture at a time. Made by python -m export --microcontroller.
//
// File: {micro.file.file}, {micro.file.bytes} bytes, sha256
//     {micro.file.sha256}
// In: uint8 [1, 28, 28], 0 = background, 255 = ink. {scale}, zero point 0: bytes go in as they are.
// Out: float32 [1, 10], the probabilities of the digits 0 to 9.
// Arena: {micro.arena_bytes} bytes, aligned to 16: the least in which {micro.package} ran it on
//     {micro.architecture}, with its reference kernels. Pointers of 32 bits, and a program that keeps no records of its
//     allocations, should need less; optimized kernels, such as CMSIS-NN's, may ask for scratch memory on top.
// Proven on {parity.runtime}, over {share.images} MNIST test images beside the
//     trained model: {share.correct} right, {len(parity.flips)} answers changed.
// Use:
//     tflite::MicroMutableOpResolver<{len(micro.operators)}> resolver;
{resolver}
//     alignas(16) static uint8_t arena[{name}_arena_bytes];
//     tflite::MicroInterpreter interpreter(tflite::GetModel({name}), resolver, arena, {name}_arena_bytes);

#ifndef {guard}
#define {guard}

constexpr unsigned int {name}_len = {micro.file.bytes};
constexpr unsigned int {name}_arena_bytes = {micro.arena_bytes};
extern const unsigned char {name}[{name}_len];

#endif  // {guard}
"""


def source(micro: MicroFile, content: bytes) -> str:
    """Return the ``.cc``: the bytes, aligned as the interpreter wants them."""
    name = identifier(micro.model)
    return f"""\
// See {header_name(micro.model)}.

#include "{header_name(micro.model)}"

alignas(16) const unsigned char {name}[{name}_len] = {{
{_in_lines(content)}
}};
"""


def header_name(model: str) -> str:
    """Return the name of the ``.h``."""
    return f"{model}.int8.h"


def source_name(model: str) -> str:
    """Return the name of the ``.cc``."""
    return f"{model}.int8.cc"


def resolver_call(operator: str) -> str:
    """Return the method of ``MicroMutableOpResolver`` that registers a builtin operator: CONV_2D has ``AddConv2D``."""
    spelled = "".join(word if word[0].isdigit() else word.capitalize() for word in operator.split("_"))
    return "Add" + _SPELLED_OTHERWISE.get(operator, spelled)


def _in_lines(content: bytes) -> str:
    parts = (content[start : start + _BYTES_IN_A_LINE] for start in range(0, len(content), _BYTES_IN_A_LINE))
    return "\n".join(f"    {', '.join(f'0x{byte:02x}' for byte in part)}," for part in parts)
