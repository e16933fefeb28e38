"""A model repository for Triton: networks of the zoo as ONNX, and their pictures by Triton's Python backend."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Literal

from digit_infer import zoo
from digit_infer.contract import CLASSES, SIDE
from digit_infer.errors import UsageError
from digit_infer.files import atomic_write, write_text
from digit_infer.runtimes.model_file import verify

Backend = Literal["onnxruntime", "python"]

LARGEST_BATCH = 1024
_VERSION = "1"
_SOURCE = Path(__file__).with_name("triton_model.py")

_PROBABILITIES = f'{{ name: "probabilities" data_type: TYPE_FP32 dims: [ {CLASSES} ] }}'
_DIGIT_ENDS = f"""input [ {{ name: "images" data_type: TYPE_UINT8 dims: [ {SIDE}, {SIDE} ] }} ]
output [ {_PROBABILITIES} ]
"""
_PICTURE_ENDS = f"""input [ {{ name: "picture" data_type: TYPE_STRING dims: [ 1 ] }} ]
output [
  {{ name: "digit" data_type: TYPE_INT32 dims: [ 1 ] }},
  {{ name: "is_digit" data_type: TYPE_BOOL dims: [ 1 ] }},
  {{ name: "confidence" data_type: TYPE_FP32 dims: [ 1 ] }},
  {_PROBABILITIES}
]
"""
_ONE_THREAD = """parameters { key: "intra_op_thread_count" value: { string_value: "1" } }
"""
"""Threads of ONNX Runtime for a call, as ``digit_infer`` has them: more make so small a network slower."""


def write_repository(folder: Path, networks: tuple[str, ...], backend: Backend) -> list[Path]:
    """Write each network as NAME and NAME_picture, and return the folders of both.

    ``backend`` is what answers NAME; NAME_picture is for the Python backend always.

    Raises:
        UnknownModelError: the zoo has no such network.
        UsageError: one is named twice.
    """
    if len(set(networks)) < len(networks):
        raise UsageError("a network is named twice", "name each once")
    models = [zoo.model_named(name) for name in networks]
    written = []
    for model in models:
        if backend == "onnxruntime":
            [file] = zoo.files_of(model, "onnx", "float32")
            source, ends = zoo.zoo_file(model, file), _DIGIT_ENDS + _ONE_THREAD
            verify(source)
            written.append(_write(folder / model.name, ends, backend, "model.onnx", source.path))
        else:
            written.append(_write(folder / model.name, _DIGIT_ENDS + _told(model.name, "images"), backend))
        written.append(_write(folder / f"{model.name}_picture", _PICTURE_ENDS + _told(model.name, "pictures"), "python"))
    return written


def _write(folder: Path, ends: str, backend: Backend, name: str = "model.py", source: Path = _SOURCE) -> Path:
    (folder / _VERSION).mkdir(parents=True, exist_ok=True)
    with atomic_write(folder / _VERSION / name) as temporary:
        shutil.copyfile(source, temporary)
    head = f'name: "{folder.name}"\nbackend: "{backend}"\nmax_batch_size: {LARGEST_BATCH}\n'
    how = "dynamic_batching { }\ninstance_group [ { count: 1 kind: KIND_CPU } ]\n"
    write_text(folder / "config.pbtxt", head + ends + how)
    return folder


def _told(network: str, answers: str) -> str:
    return "".join(
        f'parameters {{ key: "{key}" value: {{ string_value: "{value}" }} }}\n'
        for key, value in (("network", network), ("answers", answers))
    )
