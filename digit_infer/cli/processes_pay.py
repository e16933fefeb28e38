"""Whether several processes would answer pictures sooner than the threads of one.

Threads of one process decode one after another, since Python lets one at a time run, and infer at the same time.
Processes do both at the same time, but have to start. So it depends on the pictures and on the network, and some are tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import TYPE_CHECKING

from digit_infer import image
from digit_infer.errors import PictureError
from digit_infer.parallel import usable_cpus

if TYPE_CHECKING:
    from digit_infer.predictor import Predictor

_FEWEST = 32
_TRIED = 16
_LONGEST_TRIAL_S = 0.1
_START_S = 0.4
"""What processes must save to be started, about twice the time in which they start."""


def processes_pay(predictor: Predictor, pictures: Sequence[str | bytes]) -> bool:
    """Tell whether ``predict_many`` would answer these pictures sooner with ``processes``.

    Only a runtime that keeps one call on one thread of the CPU gains: others use the processors, or a device, already.
    """
    cpus = usable_cpus()
    if cpus < 2 or len(pictures) < _FEWEST or predictor.threads != 1 or predictor.runtime not in ("onnx-cpu", "tflite"):
        return False
    read_s, infer_s = _tried(predictor, pictures)
    by_threads, by_processes = max(read_s, (read_s + infer_s) / cpus), (read_s + infer_s) / cpus
    return len(pictures) * (by_threads - by_processes) > _START_S


def _tried(predictor: Predictor, pictures: Sequence[str | bytes]) -> tuple[float, float]:
    """Return the seconds that a picture takes to be read, and to be answered, from some that lie all over the sequence."""
    _read(pictures[0])  # loads the decoder
    seen: list[image.Seen] = []
    start = perf_counter()
    for tried, picture in enumerate(pictures[:: len(pictures) // _TRIED], 1):
        seen += _read(picture)
        read_s = (perf_counter() - start) / tried
        if perf_counter() - start > _LONGEST_TRIAL_S:
            break
    if not seen:
        return read_s, 0.0
    predictor.explain(seen[0])  # plans memory, and may load the ink network
    start = perf_counter()
    done = 0
    while done < len(seen) and perf_counter() - start < _LONGEST_TRIAL_S:
        predictor.explain(seen[done])
        done += 1
    return read_s, (perf_counter() - start) / done


def _read(picture: str | bytes) -> list[image.Seen]:
    try:
        return [image.seen(picture)]
    except PictureError:  # whoever answers it will say why
        return []
