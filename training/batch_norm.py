"""Batch normalization for training in bfloat16: one operation of TensorFlow, with statistics in float32.

Keras computes it from many operations, in float32 between casts, which takes as long as all convolutions together.
"""

from __future__ import annotations

from typing import Any

import keras

from training.errors import TrainingError


@keras.saving.register_keras_serializable("digit_infer")
class FusedBatchNormalization(keras.layers.BatchNormalization):
    """``keras.layers.BatchNormalization`` over the last axis of images, with the same weights, in the same order.

    Needs Keras on TensorFlow.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:  # noqa: FBT001  # Keras' signature
        """Normalize a batch [N, H, W, C] by its own mean and variance when training, else by the moving ones."""
        if not training:
            return super().call(inputs, training, mask)
        if keras.backend.backend() != "tensorflow":
            raise TrainingError("training in bfloat16 needs TensorFlow", "unset KERAS_BACKEND")
        import tensorflow as tf

        normalized, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs, scale=self.gamma, offset=self.beta, mean=[], variance=[], epsilon=self.epsilon
        )
        for moving, seen in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + seen * (1 - self.momentum))
        return normalized
