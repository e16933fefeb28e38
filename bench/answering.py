"""Answers pictures with one file of the installed wheel; this program runs on emulated ARM and on this machine.

Usage: python3 answering.py FILE PICTURES.npy ANSWERS.npy
"""

from __future__ import annotations

import json
import os
import platform
import sys
from pathlib import Path

import numpy as np

from digit_infer import zoo
from digit_infer.runtimes import RUNTIMES
from digit_infer.runtimes.model_file import ModelFile
from digit_infer.runtimes.protocol import RuntimeName, answer_in_parts

RUNTIME_OF: dict[str, RuntimeName] = {"onnx": "onnx-cpu", "tflite": "tflite"}
_BATCH = 50


def every_file() -> list[ModelFile]:
    """Return the bundled files, those of the ink network last."""
    digits = [zoo.zoo_file(model, file) for model in zoo.models().values() for file in model.files]
    return digits + [zoo.ink_file(file.format, file.precision) for file in zoo.manifest().ink.files]


def answer(file: ModelFile, pictures: Path, answers: Path) -> str:
    """Write a file's answers to the pictures of one ``.npy`` into another, and return the provider."""
    session = RUNTIMES[RUNTIME_OF[file.format]].open(file, 1)
    found = answer_in_parts(session.answers, np.load(pictures), _BATCH)
    unfinished = answers.with_name(f".{answers.name}")
    with unfinished.open("wb") as stream:
        np.save(stream, found)
    unfinished.replace(answers)
    return session.provider


if __name__ == "__main__":
    name, pictures_path, answers_path = sys.argv[1:]
    wanted = next(file for file in every_file() if file.path.name == name)
    told = {"machine": platform.machine(), "provider": answer(wanted, Path(pictures_path), Path(answers_path))}
    print(json.dumps(told), flush=True)  # noqa: T201  # the reply to the command that started it
    os._exit(0)  # an emulated machine takes seconds to unload the libraries
