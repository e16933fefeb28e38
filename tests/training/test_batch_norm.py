"""Training in bfloat16: the same network, up to rounding."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest

from training.batch_norm import FusedBatchNormalization
from training.network import build
from training.recipes import OWN
from training.weights import kept

_NEEDS_TENSORFLOW = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="bfloat16 needs TensorFlow")


@_NEEDS_TENSORFLOW
def test_fused_batch_normalization_agrees_with_keras_in_training_and_after():
    batch = np.random.default_rng(0).normal(3, 2, (32, 6, 6, 4)).astype(np.float32)
    plain, fused = (kind(momentum=0.9) for kind in (keras.layers.BatchNormalization, FusedBatchNormalization))
    for _ in range(3):
        np.testing.assert_allclose(fused(batch, training=True), plain(batch, training=True), atol=1e-4)
    bessel = 32 * 36 / (32 * 36 - 1)  # the fused one keeps the unbiased variance
    np.testing.assert_allclose(fused.moving_mean, plain.moving_mean, rtol=1e-5)
    np.testing.assert_allclose(fused.moving_variance, plain.moving_variance, rtol=bessel - 1)
    np.testing.assert_allclose(fused(batch), plain(batch), rtol=1e-2, atol=1e-3)


@_NEEDS_TENSORFLOW
def test_a_network_in_bfloat16_keeps_float32_weights_and_a_float32_network():
    recipe = dataclasses.replace(OWN["digitnet"], precision="bfloat16")
    model = build(recipe)
    assert {weight.dtype for weight in model.weights} == {"float32"}
    assert [layer.compute_dtype for layer in model.layers] == ["bfloat16"] * (len(model.layers) - 1) + ["float32"]
    network = kept(model, recipe)
    assert {layer.compute_dtype for layer in network.layers} == {"float32"}
    assert FusedBatchNormalization not in {type(layer) for layer in network.layers}
    images = np.random.default_rng(1).random((8, 28, 28, 1), np.float32)
    np.testing.assert_allclose(network.predict(images, verbose=0), model.predict(images, verbose=0), atol=0.02)


def test_precision_is_part_of_a_fingerprint_only_where_it_is_not_float32():
    recipe = dataclasses.replace(OWN["digitnet"], precision="float32")
    assert recipe.fingerprint() != dataclasses.replace(recipe, precision="bfloat16").fingerprint()
