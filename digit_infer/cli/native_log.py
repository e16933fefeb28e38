"""Holds back what native libraries write to stderr by themselves, unless something goes wrong.

LiteRT announces its delegate, TensorFlow its CPU features, and no setting of theirs stops it. In the commands here it would
bury the one line that a user should read.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from digit_infer.errors import DigitInferError

_STDERR = 2


@contextmanager
def quiet_native_log() -> Iterator[TextIO]:
    """Collect what is written to the file descriptor of stderr; yield the real one, for progress and messages of ours.

    On an exception other than ours, what was collected is written after all.
    """
    sys.stderr.flush()
    original = os.dup(_STDERR)
    with tempfile.TemporaryFile() as held, os.fdopen(os.dup(original), "w", encoding="utf-8") as stderr:
        os.dup2(held.fileno(), _STDERR)
        try:
            yield stderr
        except DigitInferError:
            raise
        except BaseException:
            held.seek(0)
            os.write(original, held.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(original, _STDERR)
            os.close(original)
