"""Silences what native libraries write to stderr by themselves.

LiteRT announces its delegate, TensorFlow its CPU features, and no setting of theirs stops it. In the commands here it would
bury the one line that a user should read. ``--debug`` lets it through.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

_STDERR = 2


@contextmanager
def quiet_native_log() -> Iterator[TextIO]:
    """Point the file descriptor of stderr to nowhere; yield the real one, for progress and messages of ours."""
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
            yield stderr
    finally:
        sys.stderr.flush()
        os.dup2(original, _STDERR)
        os.close(original)
        os.close(nowhere)
