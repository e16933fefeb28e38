"""A folder of PNG files to digits, a whole process, beside processes that only decode the same files on the same cores."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
from PIL import Image

from bench.bare import some_images
from bench.cold_start import console_script, environment_of_user
from digit_infer.parallel import usable_cpus

_SEED = 0

_ONE_THREAD = """
import sys, numpy
from pathlib import Path
from PIL import Image
for path in Path(sys.argv[1]).iterdir():
    with Image.open(path) as image:
        numpy.asarray(image.convert("L"))
"""

_POOL = """
import sys, numpy
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from PIL import Image
def decode(path):
    with Image.open(path) as image:
        numpy.asarray(image.convert("L"))
if __name__ == "__main__":
    with ProcessPoolExecutor(int(sys.argv[2])) as pool:
        for _ in pool.map(decode, Path(sys.argv[1]).iterdir(), chunksize=64):
            pass
"""


@dataclass(frozen=True)
class Folder:
    """What a command took for a folder: medians of ``samples`` whole processes.

    ``share`` is its rate as a share of the fastest decoding's of the same folder, start of the process included in both;
    ``peak_mib`` the resident memory of the largest of its processes.
    """

    pictures: int
    side: int
    samples: int
    seconds: float
    pictures_per_second: float
    share: float
    peak_mib: float


def write_pictures(folder: Path, count: int, side: int) -> None:
    """Write test images as PNG files: as they are at a side of 28, else enlarged and dark on light."""
    folder.mkdir()
    for number, image in enumerate(some_images(count)):
        picture = Image.fromarray(image)
        if side != image.shape[0]:
            picture = Image.fromarray(255 - np.asarray(picture.resize((side, side), Image.Resampling.BICUBIC)))
        picture.save(folder / f"{number:05}.png")


def measure(folder: Path, pictures: int, side: int, models: Sequence[str], rounds: int) -> dict[str, Folder]:
    """Run all commands ``rounds`` times on a folder of ``write_pictures``, each time in a new random order."""
    workers = str(usable_cpus())
    decoding = {
        "decoding, one thread": [sys.executable, "-c", _ONE_THREAD, str(folder)],
        f"decoding, {workers} processes": [sys.executable, "-c", _POOL, str(folder), workers],
    }
    commands = decoding | {
        f"digit-infer predict --json, {model}, {workers} workers": [
            *(console_script(), "predict", str(folder), "--json", "--model", model, "--workers", workers),
            *("--reject-below", "0"),  # a picture that is rejected ends the command with 1
        ]
        for model in models
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    draw = random.Random(_SEED)  # noqa: S311  # an order, no secret
    for _ in range(rounds):
        for name in draw.sample(list(commands), len(commands)):
            found[name].append(run_process(commands[name]))
    seconds = {name: median(taken for taken, _ in runs) for name, runs in found.items()}
    fastest = min(seconds[name] for name in decoding)
    return {
        name: Folder(
            pictures,
            side,
            rounds,
            seconds[name],
            pictures / seconds[name],
            fastest / seconds[name],
            median(peak for _, peak in runs),
        )
        for name, runs in found.items()
    }


def run_process(command: Sequence[str]) -> tuple[float, float]:
    """Return the seconds of a process and the MiB of resident memory at its peak, or at that of its largest child."""
    start = perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment_of_user())
    _, status, usage = os.wait4(process.pid, 0)
    taken = perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return taken, usage.ru_maxrss / 1024
