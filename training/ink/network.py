"""The ink network: grey pictures in, the share of ink in each pixel out.

An encoder makes the picture smaller by steps of two, until a pixel sees all of it; a decoder goes the same way back and
adds what the encoder saw at each size (O. Ronneberger et al., U-Net, 2015; the sums are those of T.-Y. Lin et al., Feature
pyramid networks, 2017, since they cost less than joining channels).
"""

from __future__ import annotations

from collections.abc import Sequence

import keras

from digit_infer.contract import INK_SIDE

DICE_SHARE = 0.3
DICE_PIXELS = 20.0
"""The share of Dice's measure in the loss, and the pixels that are added to both of its sums, for pictures without ink."""

_DEEP = 3
"""Convolutions at the smallest size; the second looks at every other pixel, and so at the whole picture."""


def ink_network(widths: Sequence[int], name: str) -> keras.Model:
    """Return a network float32 [N, 128, 128, 1] in 0..1 -> the share of ink in each pixel, float32 [N, 128, 128].

    ``widths`` are the channels at a half, a quarter, an eighth and a sixteenth of the side.
    """
    grey = values = keras.Input((INK_SIDE, INK_SIDE, 1), name="grey")
    seen = []
    for number, width in enumerate(widths):
        values = _block(values, width, 5 if number == 0 else 3, strides=2)
        if number == len(widths) - 1:
            for step in range(_DEEP):
                values = _block(values, width, 3, dilation_rate=2 if step == 1 else 1)
        elif number:
            values = _block(values, width, 3)
        seen.append(values)
    for number in reversed(range(len(widths) - 1)):
        width, side = widths[number], INK_SIDE >> (number + 1)
        values = _block(values, width, 1)
        values = keras.layers.Resizing(side, side, interpolation="nearest")(values)
        values = keras.layers.Add()([values, seen[number]])
        if number:
            values = _block(values, width, 3)
    values = keras.layers.Conv2D(4, 3, padding="same", activation="sigmoid")(values)
    half = INK_SIDE // 2
    values = keras.layers.Reshape((half, half, 2, 2))(values)  # four values for each of the half's pixels
    values = keras.layers.Permute((1, 3, 2, 4))(values)
    return keras.Model(grey, keras.layers.Reshape((INK_SIDE, INK_SIDE), name="ink")(values), name=name)


@keras.saving.register_keras_serializable("digit_infer")
class InkLoss(keras.losses.Loss):
    """Cross-entropy of each pixel, and a share of Dice's measure (L. R. Dice, 1945) of how far marked ink and ink overlap.

    The second weighs a small sign as much as a large one.
    """

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        """Return one number for each picture [N, 128, 128]."""
        entropy = keras.ops.mean(keras.ops.binary_crossentropy(y_true, y_pred), axis=(1, 2))
        both = keras.ops.sum(y_true * y_pred, axis=(1, 2))
        either = keras.ops.sum(y_true, axis=(1, 2)) + keras.ops.sum(y_pred, axis=(1, 2))
        return entropy + DICE_SHARE * (1 - (2 * both + DICE_PIXELS) / (either + DICE_PIXELS))


def _block(values: keras.KerasTensor, width: int, size: int, **settings: int) -> keras.KerasTensor:
    values = keras.layers.Conv2D(width, size, padding="same", use_bias=False, **settings)(values)
    return keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.95)(values))
