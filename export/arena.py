"""How much memory TensorFlow Lite Micro needs for a file, measured with its own interpreter."""

from __future__ import annotations

import sys
from multiprocessing import get_context

from digit_infer.runtimes.tflm import ample_arena, full_integer, interpreter_of
from export.errors import ExportError

STEP = 16
"""Bytes: the alignment of an arena."""


def smallest_arena(name: str, content: bytes) -> int:
    """Return the smallest arena, in bytes, in which the interpreter prepares a full-integer file and answers a picture.

    Found by bisection, each attempt in its own process, since an arena that is too small may crash the interpreter. The
    result is for this machine's pointers and the reference kernels. Preparation needs a little more than inference does.

    Raises:
        ExportError: an ample arena is too small.
    """
    high = ample_arena(full_integer(name, content), content) // STEP
    if not _suffices(content, high * STEP):
        raise ExportError(f"{name} does not run in {high * STEP:,} bytes", "take layers that TensorFlow Lite Micro has")
    low = 0
    while high - low > 1:
        middle = (low + high) // 2
        if _suffices(content, middle * STEP):
            high = middle
        else:
            low = middle
    return high * STEP


def _suffices(content: bytes, arena_bytes: int) -> bool:
    attempt = get_context("spawn").Process(target=_attempt, args=(content, arena_bytes))
    attempt.start()
    attempt.join()
    return attempt.exitcode == 0


def _attempt(content: bytes, arena_bytes: int) -> None:
    try:
        interpreter_of(content, arena_bytes)
    except RuntimeError:
        sys.exit(1)
