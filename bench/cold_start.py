"""Commands for cold starts: the CLI, and the minimum for any program with the same libraries."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from bench.bare import shipped_onnx
from digit_infer import zoo
from digit_infer.errors import UsageError

PICTURE = Path(__file__).parents[1] / "examples" / "seven.png"

_UNAVOIDABLE = """
import numpy, PIL.Image, onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
onnxruntime.InferenceSession({path!r}, options, providers=["CPUExecutionProvider"])
"""


def console_script() -> str:
    """Return the path of ``digit-infer`` beside this interpreter.

    Raises:
        UsageError: it is not installed there.
    """
    script = shutil.which("digit-infer", path=str(Path(sys.executable).parent))
    if script is None:
        raise UsageError("digit-infer is not installed beside this Python", 'pip install -e ".[all]"')
    return script


def environment_of_user() -> dict[str, str]:
    """Return this environment without PYTHONDONTWRITEBYTECODE: ``pip install`` compiles modules as well."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def predict_command() -> list[str]:
    """Return the command that a user types."""
    return [console_script(), "predict", str(PICTURE)]


def unavoidable_command() -> list[str]:
    """Return a command that only imports and creates the session, for the default model."""
    return [sys.executable, "-c", _UNAVOIDABLE.format(path=str(shipped_onnx(zoo.DEFAULT_MODEL)))]
