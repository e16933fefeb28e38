"""Figures of ``docs/own_models.md``: the search for our own networks, and their final runs."""

from __future__ import annotations

from pages.render import render
from training import search
from training.layers import in_words
from training.recipe import Recipe
from training.recipes import OWN
from training.rows import runs_of

BARS = {"digitnet": 0.9975, "digitnet_nano": 0.9960}
"""Required mean accuracy over seeds on the test set."""

_NOT_SAID = {"ReLU", "relu", "batch norm", "flatten"}


def own_models_page() -> str:
    """Return the page; raises ``TrainingError``: a candidate has no record."""
    return render(
        "own_models",
        models={name: runs_of(recipe) for name, recipe in OWN.items()},
        bars=BARS,
        held_out={name: search.stored(name)[1]["held_out"] for name in OWN},
        candidates=[(name, *search.stored(name)) for name in search.TRIED],
        in_words=network_in_words,
    )


def network_in_words(recipe: Recipe) -> str:
    """Return a network's layers in one line, without those behind every convolution."""
    words = (in_words(part) for part in recipe.network)
    return ", ".join(word for word in words if word not in _NOT_SAID)
