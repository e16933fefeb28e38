"""Networks of our own, and the candidates of the search that led to them, in the order in which they were tried.

Candidates learn from the first 50,000 training images and are judged on the last 10,000; ``docs/own_models.md`` says
what came out, ``docs/protocol.md`` what was chosen.
"""

from __future__ import annotations

from dataclasses import replace

from training.layers import FLATTEN, POOL, classes, conv, dropout
from training.recipe import Distortion, Part, Recipe, Regime, Wide

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


_STRIDED = (*_block(32, 5, strides=2), *_block(32, 3), *_block(32, 3), *_same(64, strides=2), *_same(64), *_head(0.3))
_SMALL_STEM = (
    *_block(16, 3), *_block(16, 3, strides=2), *_same(32), *_same(32, strides=2), *_same(64), *_same(64, strides=2),
    *_head(0.3),
)  # fmt: skip
_POOLED = (*_block(24, 5), POOL, *_block(32, 3), *_block(32, 3), POOL, *_same(64), *_same(64), *_head(0.3))
_DIGITNET = (*_block(16, 5), POOL, *_same(32), *_block(32, 3), POOL, *_same(64), *_block(64, 3), *_head(0.3))

_TWO = (*_block(8, 3), *_block(12, 3), POOL, *_same(32), *_block(32, 3), POOL, *_same(64), *_block(64, 3), *_head(0.3))
_BROAD = (*_block(16, 5), POOL, *_same(32), *_block(32, 3), POOL, *_same(64), *_block(96, 3), *_head(0.3))
_WIDE = (*_block(20, 5), POOL, *_same(36), *_block(36, 3), POOL, *_same(64), *_block(68, 3), *_head(0.3))

_NANO_STRIDED = (*_block(8, 5, strides=2), *_block(16, 3), *_block(16, 3), *_same(20, strides=2), *_head(0.1))
_NANO_POOLED = (*_block(8, 5), POOL, *_block(16, 3), *_block(16, 3), POOL, *_same(20), *_head(0.1))
_NANO_DEEP = (
    *_block(8, 5, strides=2), *_same(12), *_same(16, strides=2), *_same(16), *_same(20, strides=2), *_head(0.1),
)  # fmt: skip
_NANO_NARROW_HEAD = (*_block(10, 5), POOL, *_block(16, 3), *_block(16, 3), POOL, *_block(28, 3), *_head(0.1))
_NANO = (*_block(8, 5), POOL, *_same(16), *_block(16, 3), POOL, *_block(24, 3), *_head(0.1))
_NANO_EVEN = (*_block(16, 5), POOL, *_same(16), *_block(16, 3), POOL, *_block(20, 3), FLATTEN, classes())
_NANO_VALID = (*_block(16, 5), POOL, *_block(16, 3), *_block(16, 3), POOL, *_block(24, 3), FLATTEN, classes())
_NANO_BRISK = (*_block(16, 5), POOL, *_block(16, 3), *_same(16), POOL, *_block(20, 3), FLATTEN, classes())
_NANO_THRICE = (*_block(16, 5), POOL, *_block(16, 3), *_block(16, 3), POOL, *_same(24), POOL, FLATTEN, classes())
_NANO_STEP = (
    *_block(16, 5), POOL, *_same(16), *_block(16, 3, strides=2), *_block(20, 3), FLATTEN, classes(),
)  # fmt: skip
_NANO_FREE = (*_NANO[:-3], FLATTEN, classes())

_SGD = Part("SGD", {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 5e-4})

MILD = Distortion(rotation_degrees=12, shift_pixels=2, zoom=0.15, shear=0.25, elastic_pixels=0.9, damage=0.35)
GENTLE = replace(MILD, damage=0.2)
SLIGHT = Distortion(rotation_degrees=10, shift_pixels=1.5, zoom=0.12, shear=0.2, elastic_pixels=0.8, damage=0.1)
CALM = Distortion(rotation_degrees=8, shift_pixels=1, zoom=0.08, shear=0.12, elastic_pixels=0.6, damage=0.1)
MEDIUM = Distortion(rotation_degrees=14, shift_pixels=2, zoom=0.18, shear=0.28, elastic_pixels=1.1, damage=0.5)
STRONG = Distortion(rotation_degrees=15, shift_pixels=2.5, zoom=0.2, shear=0.3, elastic_pixels=1.2, damage=0.6)


def _candidate(
    name: str,
    network: tuple[Part, ...],
    parameters: int,
    frozen: int,
    epochs: int,
    distortion: Distortion = MILD,
    label_smoothing: float = 0.02,
    teachers: tuple[str, ...] = (),
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
        optimizer=Part("AdamW", {"learning_rate": learning_rate, "weight_decay": weight_decay, "beta_2": 0.99}),
        batch_size=128,
        epochs=epochs,
        validation="last 10,000 of train",
        keeps="last epoch",
        claim=None,
        decay="cosine",
        calm=CALM if calm_epochs else None,
        calm_epochs=calm_epochs,
        regime=Regime(
            distortion=distortion,
            non_digits=non_digits,
            label_smoothing=label_smoothing,
            teachers=teachers,
            teacher_share=0.7 if teachers else 0.0,
        ),
    )


def _small(name: str, network: tuple[Part, ...], parameters: int, frozen: int) -> Recipe:
    """Declare a candidate that differs from ``nano_fast`` in its network alone."""
    return _candidate(name, network, parameters, frozen, 24, SLIGHT, non_digits=0.05, learning_rate=8e-3, weight_decay=1e-3)


_LARGE = (*_block(32, 5), POOL, *_same(64), *_block(64, 3), POOL, *_same(128), *_block(128, 3), *_head(0.4))
_TEACHERS = ("s3_e12", "v_e12", "p_e12")
_UNDAMAGED = replace(MILD, damage=0)

CANDIDATES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        _candidate("s3_e12", _STRIDED, 85_674, 448, 12),
        _candidate("v_e12", _SMALL_STEM, 78_234, 448, 12),
        _candidate("p_e12", _POOLED, 83_138, 432, 12),
        _candidate("n6_e14", _NANO_STRIDED, 9_986, 120, 14),
        _candidate("np_e14", _NANO_POOLED, 9_986, 120, 14),
        _candidate("n2_e14", _NANO_DEEP, 10_074, 144, 14),
        _candidate("q_e12", _DIGITNET, 76_122, 416, 12),
        _candidate("q_e12_taught", _DIGITNET, 76_122, 416, 12, teachers=_TEACHERS),
        _candidate("npb_e14", _NANO_NARROW_HEAD, 9_436, 140, 14),
        _candidate("npb_e14_taught", _NANO_NARROW_HEAD, 9_436, 140, 14, teachers=_TEACHERS),
        _candidate("q_e12_nodamage", _DIGITNET, 76_122, 416, 12, distortion=_UNDAMAGED),
        _candidate("q_e12_strong", _DIGITNET, 76_122, 416, 12, distortion=STRONG),
        _candidate("nq_e14", _NANO, 9_538, 128, 14),
        _candidate("digitnet_rehearsal", _DIGITNET, 76_122, 416, 24, distortion=MEDIUM),
        _candidate("digitnet_nano_rehearsal", _NANO, 9_538, 128, 24, distortion=GENTLE),
        _candidate("nano_slight", _NANO_FREE, 9_538, 128, 24, SLIGHT, non_digits=0.05),
        _candidate("nano_taught", _NANO_FREE, 9_538, 128, 24, SLIGHT, 0.0, ("digitnet_rehearsal",), non_digits=0.05),
        _small("nano_fast", _NANO_FREE, 9_538, 128),
        _candidate("q_fast", _DIGITNET, 76_122, 416, 12, learning_rate=8e-3, weight_decay=1e-3),
        _candidate("q_two", _TWO, 75_522, 424, 12),
        _candidate("q_digits", _DIGITNET, 76_122, 416, 12, non_digits=0.0),
        _candidate("q_decay", _DIGITNET, 76_122, 416, 12, weight_decay=0.1),
        replace(_candidate("q_sgd", _DIGITNET, 76_122, 416, 12), optimizer=_SGD),
        _candidate("q_wide", _WIDE, 85_574, 448, 12),
        _candidate("digitnet_calm", _DIGITNET, 76_122, 416, 24, MEDIUM, calm_epochs=6),
        _candidate(
            "nano_calm",
            _NANO_FREE,
            9_538,
            128,
            24,
            SLIGHT,
            non_digits=0.05,
            learning_rate=8e-3,
            weight_decay=1e-3,
            calm_epochs=8,
        ),
        _candidate("nano_digits", _NANO_FREE, 9_538, 128, 24, SLIGHT, non_digits=0.0),
        _candidate("q_broad", _BROAD, 97_562, 480, 12),
        _small("nano_even", _NANO_EVEN, 9_970, 136),
        _candidate("large", _LARGE, 290_474, 832, 24, MEDIUM, calm_epochs=6),
        _candidate("digitnet_pupil", _DIGITNET, 76_122, 416, 24, MEDIUM, teachers=("large",), calm_epochs=6),
        _small("nano_valid", _NANO_VALID, 9_722, 144),
        _candidate("digitnet_mild", _DIGITNET, 76_122, 416, 24, replace(CALM, damage=0.3)),
        _small("nano_brisk", _NANO_BRISK, 9_970, 136),
        _candidate("digitnet_strong", _DIGITNET, 76_122, 416, 24, STRONG, calm_epochs=6),
        _small("nano_thrice", _NANO_THRICE, 9_722, 144),
        _small("nano_step", _NANO_STEP, 9_970, 136),
        replace(_small("nano_wide", _NANO_STEP, 9_970, 136), epochs=12, wide=Wide(hands=0.3, non_digits=0.35, coarse=0.2)),
    )
}

DIGITNET = replace(
    CANDIDATES["digitnet_calm"],
    name="digitnet",
    epochs=80,
    calm_epochs=20,
    validation="none",
    temperature=0.58,
    reject_below=0.55,
)
DIGITNET_NANO = replace(
    CANDIDATES["nano_step"],
    name="digitnet_nano",
    epochs=120,
    validation="none",
    temperature=0.54,
    reject_below=0.4,
)
RECIPES = (DIGITNET, DIGITNET_NANO)

NEXT: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        replace(
            _candidate("digitnet", _DIGITNET, 76_122, 416, 24, MEDIUM, calm_epochs=6),
            wide=Wide(hands=0.25, non_digits=0.3, coarse=0.2),
            calibrated=True,
        ),
        replace(
            _small("digitnet_nano", _NANO_STEP, 9_970, 136),
            epochs=36,
            wide=Wide(hands=0.25, non_digits=0.3, coarse=0.15),
            calibrated=True,
        ),
    )
}
"""Networks that learn from wide data, on their way: they take the names once they are judged and exported."""
