"""Holds back what native libraries write to stderr by themselves, unless something goes wrong.

LiteRT announces its delegate, TensorFlow its CPU features, and no setting of theirs stops it. In a program of one's own that
is theirs to say; in this one it would bury the one line that a user should read.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = 2


@contextmanager
def quiet_native_log() -> Iterator[None]:
    """Collect what is written to the file descriptor of stderr; on an exception other than ours, write it after all."""
    from digit_infer.errors import DigitInferError

    sys.stderr.flush()
    original = os.dup(_STDERR)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), _STDERR)
        try:
            yield
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
