"""Runs each recipe over drawn pictures, and over labelled ones if there are any, and counts what digitnet then answers."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from bench.normalizers.recipes import OURS, RECIPES, Recipe
from bench.paired import Pairs, time_pairs
from bench.peers.environments import ENVIRONMENTS
from bench.robustness.drawn_pictures import KINDS
from digit_infer import Predictor, dataset

_SEED = 20_261_124
_BARE = "import numpy, PIL.Image"
_IMPORTS = {
    "opencv": "import cv2",
    "scikit_image": "import skimage.filters, skimage.measure, skimage.morphology, skimage.transform",
}


@dataclass(frozen=True)
class Pictures:
    """Files, what each shows, and its kind."""

    paths: tuple[Path, ...]
    labels: tuple[int, ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Normalized:
    """What a recipe comes to: right answers and pictures by kind, µs of processor time a picture, and a step."""

    written: str
    package: str
    right: dict[str, int]
    pictures: dict[str, int]
    median_us: float
    steps_us: dict[str, float]


@dataclass(frozen=True)
class Library:
    """What a library costs before it does anything: bytes on disk, and imports without it and with it in pairs."""

    installed_bytes: int
    imported: Pairs


def draw(folder: Path, each: int) -> Pictures:
    """Draw so many pictures of each kind into a folder, around the first test images."""
    test = dataset.load("test")
    paths, labels, kinds = [], [], []
    for kind, drawn in KINDS.items():
        chance = np.random.default_rng((_SEED, list(KINDS).index(kind)))
        for number in range(each):
            paths.append(folder / f"{kind}-{number:05d}.png")
            drawn(test.images[number], chance).save(paths[-1])
            labels.append(int(test.labels[number]))
            kinds.append(kind)
    return Pictures(tuple(paths), tuple(labels), tuple(kinds))


def answer(pictures: Pictures, model: str, done: Callable[[str], None]) -> dict[str, Normalized]:
    """Let every recipe see the pictures, and a network answer what it saw; ``done`` hears of each recipe.

    Raises:
        MeasurementError: an environment is not there.
    """
    found = {}
    with TemporaryDirectory() as place, Predictor(model) as predictor:
        listed = Path(place) / "pictures.txt"
        listed.write_text("\n".join(str(path.resolve()) for path in pictures.paths), encoding="utf-8")
        for name, recipe in RECIPES.items():
            out = Path(place) / f"{name}.npz"
            ENVIRONMENTS[recipe.environment].output_of("python", "-m", "bench.normalizers.see", name, str(listed), str(out))
            with np.load(out) as seen:
                answers = predictor.predict_array(seen["images"]).argmax(axis=1)
                found[name] = _counted(recipe, pictures, answers == np.array(pictures.labels), seen)
            done(name)
    return found


def _counted(recipe: Recipe, pictures: Pictures, right: np.ndarray, seen: np.lib.npyio.NpzFile) -> Normalized:
    of_kind = {kind: np.array([each == kind for each in pictures.kinds]) for kind in dict.fromkeys(pictures.kinds)}
    return Normalized(
        recipe.written,
        recipe.package,
        {kind: int(right[chosen].sum()) for kind, chosen in of_kind.items()},
        {kind: int(chosen.sum()) for kind, chosen in of_kind.items()},
        float(np.median(seen["us"])),
        {name.removeprefix("step "): float(np.median(seen[name])) for name in seen.files if name.startswith("step ")},
    )


def libraries(pairs: int) -> dict[str, Library]:
    """Return what each library costs before it does anything."""
    return {
        recipe.package: Library(_bytes(recipe), _imported(recipe.environment, pairs))
        for recipe in {recipe.package: recipe for recipe in RECIPES.values() if recipe is not OURS}.values()
    }


def _bytes(recipe: Recipe) -> int:
    return int(ENVIRONMENTS[recipe.environment].output_of("python", "-m", "bench.normalizers.weight", recipe.package))


def _imported(name: str, pairs: int) -> Pairs:
    environment = ENVIRONMENTS[name]
    python = str(environment.program("python"))

    def run(words: Sequence[str]) -> None:
        subprocess.run(words, check=True, capture_output=True, env=environment.variables())  # its own interpreter

    bare, with_library = [python, "-c", _BARE], [python, "-c", f"{_BARE}; {_IMPORTS[name]}"]
    return time_pairs(lambda _: (lambda: run(bare), lambda: run(with_library)), pairs, rounds=1, warm_up=3)
