"""All generated pages and pictures, with their paths."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from bench.recording import RESULTS
from digit_infer import dataset
from digit_infer.zoo import manifest
from export.drawing import grid, save, styled
from pages import collapse, weight_decay
from pages.benchmarks import benchmarks_page
from pages.cards import card, ink_card, own_models, reliability_picture
from pages.exports import exports_page
from pages.normalizer import normalizer_page
from pages.own_models import own_models_page
from pages.pareto import pareto_page, pareto_picture
from pages.pictures.benchmarks import draw_benchmarks
from pages.pictures.diagrams import diagram
from pages.pictures.networks import accuracy_against_parameters, confusions, loss_and_accuracy, validation_losses
from pages.pictures.picture_path import draw_strips, pictures
from pages.reproduction import comparison_page, reproduction_page, stored_rows
from pages.serving import serving_page
from training.augmentation import augmented
from training.data import scaled
from training.recipes import RECIPES, SWEEPS
from training.rows import points_of

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
CARDS = ROOT / "digit_infer" / "zoo" / "cards"

_SAMPLES = 16
_SEED = 0


def pages() -> Mapping[Path, Callable[[], str]]:
    """Return the function that writes each page, by path."""
    return {
        DOCS / "benchmarks.md": benchmarks_page,
        DOCS / "comparison.md": comparison_page,
        DOCS / "exports.md": exports_page,
        DOCS / "normalizer.md": normalizer_page,
        DOCS / "own_models.md": own_models_page,
        DOCS / "pareto.md": pareto_page,
        DOCS / "reproduction.md": reproduction_page,
        DOCS / "serving.md": serving_page,
        CARDS / f"{manifest().ink.name}.md": partial(ink_card, manifest().ink),
        **{CARDS / f"{model.name}.md": partial(card, model) for model in own_models()},
    }


def draw_pictures(docs: Path = DOCS) -> None:
    """Draw all pictures of the pages; samples of augmentation need MNIST's training images.

    Raises:
        DigitInferError: a record is missing, or MNIST cannot be downloaded.
    """
    draw_benchmarks(RESULTS, docs / "benchmarks")
    draw_strips(docs / "picture_path.png", pictures())
    draw_strips(docs / "explained.png", [ROOT / "examples" / "two_on_a_blackboard.png"])
    with styled():
        save(pareto_picture(), docs / "models" / "pareto.png")
        for model in own_models():
            save(reliability_picture(model), docs / "models" / f"{model.name}_reliability.png")
        _draw_networks(docs / "reproduction")
        _draw_samples(docs / "reproduction")


def _draw_networks(folder: Path) -> None:
    rows, test = stored_rows(), dataset.load("test")
    for row in rows:
        save(loss_and_accuracy(row.runs), folder / f"{row.name}-curves.png")
        save(confusions(row.runs, test), folder / f"{row.name}-confusion.png")
        save(diagram(row.name, row.recipe), folder / f"{row.name}-diagram.png")
    drawn = np.sort(np.random.default_rng(_SEED).choice(len(test), 10, replace=False))
    for row in (row for row in rows if row.recipe.group == "C"):
        answers = row.runs.answers()
        captions = [f"{test.labels[index]} read as {answers[index]}" for index in drawn]
        title = f"{row.name}, seed 0: ten test digits drawn at random"
        save(grid(test.images[drawn], captions, 5, title), folder / f"{row.name}-digits.png")
    attempts = {name: points_of(SWEEPS[name]) for name in weight_decay.ATTEMPTS}
    save(weight_decay.draw(points_of(SWEEPS[weight_decay.SWEEP]), attempts), folder / "weight-decay.png")
    save(collapse.draw(*collapse.grids()), folder / "collapse.png")
    save(validation_losses([row.runs for row in rows if row.recipe.group == "E"]), folder / "group-e-losses.png")
    save(accuracy_against_parameters(rows), folder / "comparison.png")


def _draw_samples(folder: Path) -> None:
    training = dataset.load("train")
    images, captions = training.images[:_SAMPLES], [str(label) for label in training.labels[:_SAMPLES]]
    augmentation = RECIPES["shallow_cnn_aug"].augmentation
    assert augmentation is not None, "the recipe is there for it"  # noqa: S101  # for mypy
    changed = augmented(scaled(images), augmentation, np.random.default_rng(_SEED))[..., 0]
    bytes_of = (changed * 255).round().astype(np.uint8)
    save(grid(images, captions, 4, "the first 16 training images"), folder / "samples.png")
    save(grid(bytes_of, captions, 4, "the same, changed at random"), folder / "samples-augmented.png")
