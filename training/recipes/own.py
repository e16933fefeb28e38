"""Networks of our own: those that are shipped, and the candidates that are tried next.

Candidates are judged on the training images that they hold back: the last 10,000 in the search, the first 5,000 since. The
records of those that were tried declare them; ``docs/own_models.md`` says what came out, ``docs/protocol.md`` what was
chosen.
"""

from __future__ import annotations

from dataclasses import replace

from training.layers import FLATTEN, POOL, classes, conv, dropout
from training.recipe import Distortion, Part, Recipe, Regime, Validation, Wide

_RELU = Part("ReLU")
_BATCH_NORM = Part("BatchNormalization", {"momentum": 0.9})


def _block(filters: int, size: int, *, strides: int = 1, padding: str = "valid") -> tuple[Part, ...]:
    """Declare a convolution with batch norm and ReLU behind it."""
    return (
        conv(filters, size, strides=strides, padding=padding, activation=None, use_bias=False),
        _BATCH_NORM,
        _RELU,
    )


def _same(filters: int, *, strides: int = 1) -> tuple[Part, ...]:
    return _block(filters, 3, strides=strides, padding="same")


def _head(drop: float) -> tuple[Part, ...]:
    return (FLATTEN, dropout(drop), classes())


def _digitnet(filters: int) -> tuple[Part, ...]:
    """Declare the network of ``digitnet`` with so many filters in its fourth convolution."""
    return (
        *_block(16, 5), POOL, *_same(32), *_block(32, 3), POOL, *_same(filters), *_block(64, 3), *_head(0.3),
    )  # fmt: skip


_NANO_STEP = (
    *_block(16, 5), POOL, *_same(16), *_block(16, 3, strides=2), *_block(20, 3), FLATTEN, classes(),
)  # fmt: skip

SLIGHT = Distortion(rotation_degrees=10, shift_pixels=1.5, zoom=0.12, shear=0.2, elastic_pixels=0.8, damage=0.1)
CALM = Distortion(rotation_degrees=8, shift_pixels=1, zoom=0.08, shear=0.12, elastic_pixels=0.6, damage=0.1)
BROAD = Distortion(rotation_degrees=16, shift_pixels=2, zoom=0.18, shear=0.28, elastic_pixels=1.1, damage=0.65)


def _adamw(learning_rate: float, weight_decay: float) -> Part:
    return Part("AdamW", {"learning_rate": learning_rate, "weight_decay": weight_decay, "beta_2": 0.99})


def _candidate(
    name: str,
    network: tuple[Part, ...],
    parameters: int,
    frozen: int,
    epochs: int,
    distortion: Distortion,
    non_digits: float = 0.1,
    learning_rate: float = 3e-3,
    weight_decay: float = 5e-3,
    calm_epochs: int = 0,
) -> Recipe:
    return Recipe(
        name=name,
        group="own",
        network=network,
        parameters=parameters,
        frozen_parameters=frozen,
        optimizer=_adamw(learning_rate, weight_decay),
        batch_size=128,
        epochs=epochs,
        validation="last 10,000 of train",
        keeps="last epoch",
        claim=None,
        decay="cosine",
        calm=CALM if calm_epochs else None,
        calm_epochs=calm_epochs,
        regime=Regime(distortion, non_digits, label_smoothing=0.02),
    )


def _small(name: str, network: tuple[Part, ...], parameters: int, frozen: int) -> Recipe:
    """Declare a candidate for ``digitnet_nano`` that differs in its network alone."""
    return _candidate(name, network, parameters, frozen, 24, SLIGHT, non_digits=0.05, learning_rate=8e-3, weight_decay=1e-3)


DIGITNET = replace(
    _candidate("digitnet", _digitnet(80), 90_010, 448, 24, BROAD, learning_rate=2e-3, calm_epochs=8),
    validation="first 5,000 of train",
    wide=Wide(hands=0.25, non_digits=0.4, coarse=0.22),
    calibrated=True,
    starts_from="digitnet_signs",
    averaged_with_start=True,
)
DIGITNET_NANO = replace(
    _small("digitnet_nano", _NANO_STEP, 9_970, 136),
    optimizer=_adamw(4e-3, 1e-3),
    epochs=40,
    validation="first 5,000 of train",
    regime=Regime(SLIGHT, non_digits=0.05, label_smoothing=0.02, teachers=("digitnet_signs",), teacher_share=0.7),
    wide=Wide(hands=0.1, non_digits=0.15, coarse=0.08),
    calibrated=True,
    starts_from="digitnet_nano_mnist_only",
)
RECIPES = (DIGITNET, DIGITNET_NANO)

NEXT: dict[str, Recipe] = {
    "digitnet": replace(
        _candidate("digitnet", _digitnet(88), 96_954, 464, 160, BROAD, calm_epochs=40),
        validation="first 5,000 of train",
        wide=DIGITNET.wide,
        calibrated=True,
    ),
}
"""Networks on their way: they take the names once they are judged and exported."""

STARTS: dict[str, Validation] = {
    "digitnet_wide": "first 5,000 of train",
    "digitnet_signs": "first 5,000 of train",
    "digitnet_nano_mnist_only": "none",
}
"""The checkpoints that recipes start from, and the training images that each held back while it was trained."""

CANDIDATES: dict[str, Recipe] = {recipe.name: recipe for recipe in RECIPES if recipe.calibrated} | NEXT
"""What may take each name: recipes that hold images back, by which they are judged."""
