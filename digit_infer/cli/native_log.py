"""Silences what libraries write by themselves.

LiteRT announces its delegate, TensorFlow its CPU features, ONNX Runtime each CUDA library that it lacks, and no setting of
theirs stops it. In the commands here it would bury the one line that a user should read. ``--debug`` lets it through.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import TextIO

_STDERR = 2


@contextmanager
def quiet_native_log() -> Iterator[TextIO]:
    """Point the file descriptor of stderr and Python's stdout to nowhere; yield the real stderr, for messages of ours."""
    if "--debug" in sys.argv:
        yield sys.stderr
        return
    sys.stderr.flush()
    try:
        original = os.dup(_STDERR)
    except OSError:  # closed: nobody listens
        yield sys.stderr
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        with os.fdopen(os.dup(original), "w", encoding="utf-8") as stderr:
            os.dup2(nowhere, _STDERR)
            with redirect_stdout(io.StringIO()):
                yield stderr
    finally:
        sys.stderr.flush()
        os.dup2(original, _STDERR)
        os.close(original)
        os.close(nowhere)
