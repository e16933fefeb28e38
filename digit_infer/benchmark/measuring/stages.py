"""From a clean picture's file to its digit, stage by stage, as ``Predictor.predict`` goes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, perf_counter_ns
from typing import TYPE_CHECKING

from digit_infer.benchmark.histogram import Histogram
from digit_infer.benchmark.record import Stages

if TYPE_CHECKING:
    from digit_infer.benchmark.measuring.queries import Answer
    from digit_infer.contract import Images

_SIDE = 280
_PICTURES = 40
_LEAST = 64  # samples, so that p90 can be told
DESCRIPTION = f"PNG, {_SIDE} × {_SIDE}, dark on light, drawn from test images"


def time_stages(answer: Answer, images: Images, seconds: float) -> Stages:
    """Time picture after picture for about ``seconds``, with the files in the system's cache."""
    from digit_infer.image.decode import ONE_DIGIT_SIDE, decode
    from digit_infer.image.plain_look import plain_look

    times: list[tuple[int, int, int, int]] = []
    with _drawn(images) as paths:
        end = perf_counter() + seconds
        while perf_counter() < end or len(times) < _LEAST:
            path = paths[len(times) % len(paths)]
            began = perf_counter_ns()
            grey = decode(path, ONE_DIGIT_SIDE)
            decoded = perf_counter_ns()
            look = plain_look(grey)
            looked = perf_counter_ns()
            assert look is not None  # noqa: S101  # each shows a digit
            answer(look.whole.image[None])
            answered = perf_counter_ns()
            times.append((decoded - began, looked - decoded, answered - looked, answered - began))
    warm = times[len(times) // 5 :]
    return Stages(DESCRIPTION, *(Histogram.of(stage) for stage in zip(*warm, strict=True)))


@contextmanager
def _drawn(images: Images) -> Iterator[list[Path]]:
    """Write test images as somebody would draw them on a canvas."""
    from PIL import Image

    with TemporaryDirectory(prefix="digit-infer-") as folder:
        paths = []
        for number, image in enumerate(images[:_PICTURES]):
            paths.append(Path(folder) / f"{number}.png")
            Image.fromarray(255 - image).resize((_SIDE, _SIDE), Image.Resampling.BICUBIC).save(paths[-1])
        yield paths
