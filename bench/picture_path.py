"""Times ``Predictor.predict`` from file to digit against decoding the same file, and each stage alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter_ns
from typing import TYPE_CHECKING

import click
import numpy as np
from PIL import Image

from bench.paired import Call, Pairs, time_pairs
from bench.recording import affordable, report
from bench.robustness.drawn_pictures import KINDS
from digit_infer import Predictor, dataset
from digit_infer.cli.output import Column, print_table
from digit_infer.cli.reporting import quiet_native_log
from digit_infer.errors import MeasurementError
from digit_infer.image import decode, plain_look
from digit_infer.image.grey import ONE_DIGIT_SIDE
from digit_infer.image.network_look import network_looks
from digit_infer.recognition.ink import InkNetwork
from digit_infer.runtimes import RUNTIMES

if TYPE_CHECKING:
    from digit_infer.image.one_digit import By

_SEED = 20_261_201
_ROUNDS = 12  # a multiple of four: each side is created first and called first in half of the rounds
_LARGE = (4_000, 3_000)
STAGES = ("decode", "plain look", "ink network", "classify")


@dataclass(frozen=True)
class Case:
    """A picture: its kind and format, the method that should answer it, and the allowed multiple of its decoding time."""

    kind: str
    suffix: str
    size: tuple[int, int]
    look: By
    most: float

    def write(self, folder: Path) -> Path:
        """Draw it from the first test image, and return the file."""
        picture = KINDS[self.kind](dataset.load("test").images[0], np.random.default_rng(_SEED)).convert("L")
        path = folder / f"{self.kind}-{self.size[0]}{self.suffix}"
        if picture.size != self.size:
            large = np.asarray(picture.resize(self.size, Image.Resampling.BICUBIC), np.float32)
            grain = np.random.default_rng(_SEED).normal(0, 4, large.shape)  # like that of a camera
            picture = Image.fromarray(np.clip(large + grain, 0, 255).astype(np.uint8)).convert("RGB")
        picture.save(path, quality=90)
        return path


CASES = {
    "clean, PNG of 280 × 280": Case("canvas", ".png", (280, 280), "plain", 1.8),
    "sheet on a table, PNG of 280 × 280": Case("on_table", ".png", (280, 280), "network", 4),
    "thick pen, JPEG of 12 megapixels": Case("thick", ".jpg", _LARGE, "plain", 0.7),
    "sheet on a table, JPEG of 12 megapixels": Case("on_table", ".jpg", _LARGE, "network", 0.7),
}


@click.command("picture-path")
@click.option("--seconds", type=click.FloatRange(min=0.1), default=20.0, show_default=True, help="Per picture.")
def picture_path(seconds: float) -> None:
    """Time Predictor.predict on a file against decoding it with Pillow, on one thread, in pairs; and each stage."""
    results: dict[str, Pairs] = {}
    stages: dict[str, dict[str, float]] = {}
    with quiet_native_log() as stderr, TemporaryDirectory() as place, Predictor(threads=1) as predictor:
        for name, case in CASES.items():
            path = case.write(Path(place))
            check(case, predictor, path)
            calls = partial(_calls, predictor, path)
            pairs = affordable(calls, seconds)
            results[name] = time_pairs(calls, pairs, _ROUNDS, warm_up=3)
            stages[name] = stages_of(predictor, path, samples=max(5, pairs // 4))
            print(name, file=stderr, flush=True)  # progress; click.echo would write to the silenced stderr
    beside = {"stages_us": stages, "cases": {name: asdict(case) for name, case in CASES.items()}, "threads": 1}
    report("picture_path", results, ("decoding alone", "predict"), beside=beside)
    print_table(
        [Column("median, µs"), *(Column(stage, number=True) for stage in STAGES), Column("at most", number=True)],
        [
            (name, *(f"{taken[stage]:,.0f}" if stage in taken else "" for stage in STAGES), f"{CASES[name].most:g}")
            for name, taken in stages.items()
        ],
    )


def check(case: Case, predictor: Predictor, path: Path) -> None:
    """Check that the intended method answers a picture.

    Raises:
        MeasurementError: another method answers it.
    """
    look = predictor.predict(path).look
    if look != case.look:
        raise MeasurementError(
            f"the drawing {case.kind} is answered by the {look} look, and its case times the {case.look} one",
            "choose another drawing in bench/picture_path.py",
        )


def decoded(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Decode a file to greyscale at full resolution, as handwritten code does."""
    with Image.open(path) as image:
        return np.asarray(image.convert("L"))


def stages_of(predictor: Predictor, path: Path, samples: int) -> dict[str, float]:
    """Return the median time of each stage that the picture goes through, in µs."""
    grey = decode(path, ONE_DIGIT_SIDE)
    look = plain_look(grey)
    by_network = predictor.predict(path).look == "network"
    stages: dict[str, Call] = {
        "decode": lambda: decode(path, ONE_DIGIT_SIDE),
        "plain look": lambda: plain_look(grey),
    }
    if by_network:
        ink = InkNetwork(RUNTIMES[predictor.runtime], predictor.precision, 1)
        look = network_looks([grey], ink.mark)[0]
        stages["ink network"] = lambda: network_looks([grey], ink.mark)
    if look is not None:
        images = np.stack([part.image for part in look.asked])
        stages["classify"] = lambda: predictor.predict_array(images)
    return {name: _median_us(stage, samples) for name, stage in stages.items()}


def _calls(predictor: Predictor, path: Path, decoding_first: bool) -> tuple[Call, Call]:  # noqa: FBT001  # for time_pairs
    del decoding_first  # nothing is created again
    return lambda: decoded(path), lambda: predictor.predict(path)


def _median_us(call: Callable[[], object], samples: int) -> float:
    call()
    times = []
    for _ in range(samples):
        start = perf_counter_ns()
        call()
        times.append((perf_counter_ns() - start) / 1_000)
    return median(times)
