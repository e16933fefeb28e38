"""Latency of one picture on each exported file, all in one run."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from digit_infer import dataset
from digit_infer.benchmark.machine import collector_off
from digit_infer.benchmark.scenarios import Queries, median_ns, warm_up
from digit_infer.predictor import Predictor
from digit_infer.runtimes.model_file import sha256_of

if TYPE_CHECKING:
    from digit_infer.contract import Images

_IMAGES = 256
_LEAST = 64  # calls per round
_SEED = 0


@dataclass(frozen=True)
class Timed:
    """Median latency of one picture in µs: the median and range of ``rounds`` medians, over ``samples`` calls in all."""

    sha256: str
    samples: int
    p50_us: float
    lowest_us: float
    highest_us: float


def time_files(paths: Sequence[Path], rounds: int, seconds: float) -> Iterator[tuple[Path, Timed]]:
    """Time each file ``rounds`` times for ``seconds`` on one thread, in a random order per round.

    A disturbance of the machine affects one round of a file, and the median over rounds ignores it.
    """
    images = dataset.load("test").images[:_IMAGES]
    found: dict[Path, list[tuple[int, float]]] = {path: [] for path in paths}
    order = random.Random(_SEED)  # noqa: S311  # an order, not a secret
    for _ in range(rounds):
        for path in order.sample(list(paths), len(paths)):
            found[path].append(_round(path, images, seconds))
    for path, measured in found.items():
        medians = [value for _, value in measured]
        samples = sum(count for count, _ in measured)
        yield path, Timed(sha256_of(path), samples, median(medians), min(medians), max(medians))


def _round(path: Path, images: Images, seconds: float) -> tuple[int, float]:
    """Open a file and warm it up; return the number of calls and the median in µs."""
    with Predictor(path, threads=1) as predictor, collector_off():
        queries = Queries(predictor.predict_array, images, 1)
        warm_up(queries, seconds)
        samples = queries.timed(seconds, at_least=_LEAST)
    return len(samples), median_ns(samples) / 1000
