"""Runs each recipe on drawn and on labelled pictures, and counts right answers."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from bench.normalizers.recipes import OURS, RECIPES, Recipe
from bench.paired import Pairs, time_pairs
from bench.peers.environments import ENVIRONMENTS
from bench.robustness.drawn_pictures import KINDS
from bench.robustness.unseen_pictures import UNSEEN
from digit_infer import dataset

if TYPE_CHECKING:
    pass

_SEED, _UNSEEN_SEED = 20_261_124, 20_261_130
_BARE = "import numpy, PIL.Image"
_IMPORTS = {
    "opencv": "import cv2",
    "scikit_image": (  # explicit names, since it imports lazily; so does rapidocr
        "from skimage.filters import threshold_otsu, threshold_sauvola; from skimage.filters.rank import median; "
        "from skimage.measure import label, regionprops; from skimage.transform import resize"
    ),
    "rapidocr": "from rapidocr import RapidOCR",
    "tesseract": "import pytesseract",
}


@dataclass(frozen=True)
class Pictures:
    """Picture files with their labels and kinds."""

    paths: tuple[Path, ...]
    labels: tuple[int, ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Answered:
    """Result of a recipe: right answers and pictures by kind, and the median processor time per picture in µs."""

    written: str
    package: str
    right: dict[str, int]
    pictures: dict[str, int]
    median_us: float


@dataclass(frozen=True)
class Library:
    """Fixed costs of a library: bytes on disk, and import times without and with it, in pairs."""

    installed_bytes: int
    imported: Pairs


def draw(folder: Path, each: int, *, unseen: bool = False) -> Pictures:
    """Draw ``each`` pictures of each kind from test images into a folder; ``unseen`` kinds are in no training."""
    test = dataset.load("test")
    kinds, seed = (UNSEEN, _UNSEEN_SEED) if unseen else (KINDS, _SEED)
    paths, labels, drawn = [], [], []
    for index, (kind, draw_one) in enumerate(kinds.items()):
        chance = np.random.default_rng((seed, index))
        for number in range(each):
            paths.append(folder / f"{kind}-{number:05d}.png")
            draw_one(test.images[number], chance).save(paths[-1])
            labels.append(int(test.labels[number]))
            drawn.append(kind)
    return Pictures(tuple(paths), tuple(labels), tuple(drawn))


def answer(pictures: Pictures, model: str, done: Callable[[str], None]) -> dict[str, Answered]:
    """Run every recipe on the pictures; ``done`` is called with the name of each finished recipe.

    Raises:
        MeasurementError: an environment is not installed.
    """
    for recipe in RECIPES.values():
        ENVIRONMENTS[recipe.environment].program("python")  # fail before the first one runs for minutes
    found = {}
    with TemporaryDirectory() as place:
        listed, out = Path(place) / "pictures.txt", Path(place) / "answers.json"
        listed.write_text("\n".join(str(path.resolve()) for path in pictures.paths), encoding="utf-8")
        for name, recipe in RECIPES.items():
            words = ("-m", "bench.normalizers.see", name, model, str(listed), str(out))
            ENVIRONMENTS[recipe.environment].output_of("python", *words)
            seen = json.loads(out.read_text(encoding="utf-8"))
            found[name] = _counted(recipe, pictures, seen["answers"], seen["us"])
            done(name)
    return found


def _counted(recipe: Recipe, pictures: Pictures, answers: Sequence[int], us: Sequence[float]) -> Answered:
    is_right = [one == label for one, label in zip(answers, pictures.labels, strict=True)]
    kinds = tuple(dict.fromkeys(pictures.kinds))
    return Answered(
        recipe.written,
        recipe.package,
        {kind: sum(right for right, own in zip(is_right, pictures.kinds, strict=True) if own == kind) for kind in kinds},
        {kind: pictures.kinds.count(kind) for kind in kinds},
        median(us),
    )


def libraries(pairs: int) -> dict[str, Library]:
    """Return the fixed costs of each library."""
    found = {}
    for recipe in (recipe for recipe in RECIPES.values() if recipe is not OURS and recipe.package not in found):
        size = ENVIRONMENTS[recipe.environment].output_of("python", "-m", "bench.normalizers.weight", recipe.package)
        found[recipe.package] = Library(int(size), _imported(recipe.environment, pairs))
    return found


def _imported(name: str, pairs: int) -> Pairs:
    environment = ENVIRONMENTS[name]
    python = str(environment.program("python"))

    def run(words: Sequence[str]) -> None:
        subprocess.run(words, check=True, capture_output=True, env=environment.variables())  # our own environment

    bare, with_library = [python, "-c", _BARE], [python, "-c", f"{_BARE}; {_IMPORTS[name]}"]
    return time_pairs(lambda _: (lambda: run(bare), lambda: run(with_library)), pairs, rounds=1, warm_up=3)
