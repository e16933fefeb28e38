"""Runs the user's own Python file for the layers and models that it defines, only on request."""

from __future__ import annotations

import contextlib
import importlib.util
import inspect
import re
import sys
from pathlib import Path

from digit_infer.errors import MissingModelFileError, UsageError
from export.errors import ExportError


def run_user_code(path: Path) -> dict[str, object]:
    """Import a file as Python does with a script's neighbours; return the classes and functions that it defines.

    Its folder stays on the path of imports, since layers may import when they are called.

    Raises:
        MissingModelFileError, UsageError: there is no such file, or it is no ``.py`` file.
        ExportError: it fails while it runs.
    """
    if not path.is_file():
        raise MissingModelFileError(f"there is no file {path}", "name the Python file that defines the model with --import")
    spec = importlib.util.spec_from_file_location(path.stem, path) if path.suffix == ".py" else None
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} is no Python file", "name the .py file that defines the model with --import")
    if path.stem in sys.modules:
        raise UsageError(f"a module {path.stem} is imported already", f"rename {path.name}")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent.resolve()))
    sys.modules[path.stem] = module
    try:
        with contextlib.redirect_stdout(sys.stderr):  # stdout is for what the command answers
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # the user's own code raises whatever comes
        del sys.modules[path.stem]
        raise ExportError(
            f"{path} fails while it is imported ({type(error).__name__}: {reason_of(error)})",
            "what trains or saves belongs under if __name__ == '__main__'",
        ) from error
    return {
        name: value
        for name, value in vars(module).items()
        if (inspect.isclass(value) or inspect.isfunction(value)) and value.__module__ == path.stem
    }


def reason_of(error: BaseException) -> str:
    """Return the message of an error of the user's code or of Keras in one line, without colour codes."""
    return " ".join(re.sub(r"\x1b\[\d+m", "", str(error)).split())[:160] or type(error).__name__
