"""Small networks for digits of the layers that people use, and of all that converters stumble over."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np

L, ops = keras.layers, keras.ops

RELU = {"activation": "relu"}


def batch_norm() -> keras.layers.Layer:
    """Return a normalization that learns its averages in few steps."""
    return L.BatchNormalization(momentum=0.9)


def dying(network: keras.Model) -> keras.Model:
    """Let three channels of four of each convolution be always 0 behind its ReLU."""
    for layer in network.layers:
        if isinstance(layer, L.Conv2D):
            kernel, bias = layer.get_weights()
            layer.set_weights([kernel, np.where(np.arange(len(bias)) % 4, np.float32(-50), bias)])
    return network


def chain(*layers: keras.layers.Layer, shape: tuple[int, ...] = (28, 28, 1)) -> keras.Model:
    """Return these layers between a picture and ten probabilities."""
    return keras.Sequential([keras.Input(shape), *layers, L.Flatten(), L.Dense(10, "softmax")])


def graph(body: Callable[[keras.KerasTensor], keras.KerasTensor]) -> keras.Model:
    """Return a function of a picture's first features, pooled, in front of ten probabilities."""
    pixels = keras.Input((28, 28, 1))
    values = body(L.Conv2D(16, 5, strides=3, **RELU)(pixels))
    return keras.Model(pixels, L.Dense(10, "softmax")(L.Flatten()(L.AveragePooling2D(2)(values))))


def activated(activation: str | keras.layers.Layer) -> keras.Model:
    """Return two convolutions and a dense layer with this activation."""
    return chain(
        L.Conv2D(8, 3, strides=2), L.Activation(activation) if isinstance(activation, str) else activation,
        L.Conv2D(16, 3, strides=2, activation=activation if isinstance(activation, str) else "relu"),
    )  # fmt: skip


def normalized(*norms: keras.layers.Layer) -> keras.Model:
    """Return convolutions with these normalizations in front of their ReLUs."""
    blocks = [[L.Conv2D(16, 3, strides=2), norm, L.ReLU()] for norm in norms]
    return chain(*[layer for block in blocks for layer in block])


def rows(*layers: keras.layers.Layer) -> keras.Model:
    """Return layers that read a picture row by row."""
    return chain(*layers, shape=(28, 28))


def residual(values: keras.KerasTensor) -> keras.KerasTensor:
    for _ in range(2):
        inner = L.ReLU()(batch_norm()(L.Conv2D(16, 3, padding="same")(values)))
        values = L.ReLU()(values + batch_norm()(L.Conv2D(16, 3, padding="same")(inner)))
    return values


def inverted_residual(values: keras.KerasTensor) -> keras.KerasTensor:
    wide = L.ReLU(6)(batch_norm()(L.Conv2D(48, 1)(values)))
    wide = L.ReLU(6)(batch_norm()(L.DepthwiseConv2D(3, padding="same")(wide)))
    return values + batch_norm()(L.Conv2D(16, 1)(wide))


def inception(values: keras.KerasTensor) -> keras.KerasTensor:
    pooled = L.Conv2D(8, 1, **RELU)(L.MaxPooling2D(3, 1, padding="same")(values))
    branches = [L.Conv2D(8, side, padding="same", **RELU)(values) for side in (1, 3, 5)]
    return L.concatenate([*branches, pooled])


def densely_connected(values: keras.KerasTensor) -> keras.KerasTensor:
    for _ in range(3):
        values = L.concatenate([values, L.Conv2D(8, 3, padding="same", **RELU)(L.ReLU()(batch_norm()(values)))])
    return values


def squeezed_and_excited(values: keras.KerasTensor) -> keras.KerasTensor:
    values = L.Conv2D(16, 3, **RELU)(values)
    gates = L.Dense(16, "sigmoid")(L.Dense(4, "relu")(L.GlobalAveragePooling2D(keepdims=True)(values)))
    return L.Multiply()([values, gates])


def spatial_attention(values: keras.KerasTensor) -> keras.KerasTensor:
    seen = ops.concatenate([ops.mean(values, 3, keepdims=True), ops.max(values, 3, keepdims=True)], 3)
    return L.Conv2D(16, 3, **RELU)(values * L.Conv2D(1, 5, padding="same", activation="sigmoid")(seen))


def u_shaped(values: keras.KerasTensor) -> keras.KerasTensor:
    low = L.Conv2D(16, 3, padding="same", **RELU)(L.MaxPooling2D()(values))
    return L.Conv2D(16, 3, **RELU)(L.concatenate([values, L.UpSampling2D()(low)]))


def conv_mixer(values: keras.KerasTensor) -> keras.KerasTensor:
    mixed = batch_norm()(L.Activation("gelu")(L.DepthwiseConv2D(5, padding="same")(values)))
    return batch_norm()(L.Activation("gelu")(L.Conv2D(16, 1)(values + mixed)))


def highway(values: keras.KerasTensor) -> keras.KerasTensor:
    gate = L.Conv2D(16, 3, padding="same", activation="sigmoid")(values)
    return gate * L.Conv2D(16, 3, padding="same", **RELU)(values) + (1 - gate) * values


def of_patches(block: Callable[[keras.KerasTensor], keras.KerasTensor]) -> keras.Model:
    """Return a block that reads 16 patches of 7 × 7 pixels as vectors of 32 numbers, with their places."""
    pixels = keras.Input((28, 28, 1))
    values = L.Reshape((16, 32))(L.Conv2D(32, 7, strides=7)(pixels))
    values = values + L.Embedding(16, 32)(ops.arange(16))
    values = block(values)
    values = L.GlobalAveragePooling1D()(L.LayerNormalization()(values))
    return keras.Model(pixels, L.Dense(10, "softmax")(values))


def attention(values: keras.KerasTensor) -> keras.KerasTensor:
    inner = L.LayerNormalization()(values)
    values = values + L.MultiHeadAttention(2, 16)(inner, inner)
    return values + L.Dense(32)(L.Dense(64, "gelu")(L.LayerNormalization()(values)))


def external_attention(values: keras.KerasTensor) -> keras.KerasTensor:
    shares = ops.softmax(L.Dense(16)(L.LayerNormalization()(values)), 1)
    return values + L.Dense(32)(shares / (1e-6 + ops.sum(shares, 2, keepdims=True)))


def mlp_mixer(values: keras.KerasTensor) -> keras.KerasTensor:
    across = L.Permute((2, 1))(L.LayerNormalization()(values))
    values = values + L.Permute((2, 1))(L.Dense(16)(L.Dense(32, "gelu")(across)))
    return values + L.Dense(32)(L.Dense(64, "gelu")(L.LayerNormalization()(values)))


def gated_mlp(values: keras.KerasTensor) -> keras.KerasTensor:
    both = L.Dense(64, "gelu")(L.LayerNormalization()(values))
    gate = L.Permute((2, 1))(L.Dense(16)(L.Permute((2, 1))(L.LayerNormalization()(both[..., 32:]))))
    return values + L.Dense(32)(both[..., :32] * gate)


def fourier(values: keras.KerasTensor) -> keras.KerasTensor:
    real, _ = ops.fft2((values, ops.zeros_like(values)))
    values = L.LayerNormalization()(values + real)
    return L.LayerNormalization()(values + L.Dense(32)(L.Dense(64, "gelu")(values)))


def nested() -> keras.Model:
    pixels = keras.Input((28, 28, 1))
    inner = keras.Sequential([L.Conv2D(8, 3, strides=2, **RELU), batch_norm(), L.Conv2D(16, 3, **RELU)])
    return keras.Model(pixels, L.Dense(10, "softmax")(L.Flatten()(L.AveragePooling2D(2)(inner(pixels)))))


ARCHITECTURES: dict[str, Callable[[], keras.Model]] = {
    "perceptron": lambda: chain(L.Flatten(), L.Dense(64, "relu"), L.Dropout(0.2), L.Dense(64, "relu")),
    "convnet of the Keras examples": lambda: chain(
        L.Conv2D(8, 3, **RELU), L.MaxPooling2D(), L.Conv2D(16, 3, **RELU), L.MaxPooling2D(), L.Flatten(), L.Dropout(0.5)
    ),
    "LeNet, tanh and averages": lambda: chain(
        L.Conv2D(6, 5, activation="tanh"), L.AveragePooling2D(2), L.Conv2D(16, 5, activation="tanh"), L.AveragePooling2D(2)
    ),
    "exact GELU": lambda: activated("gelu"),
    "swish": lambda: activated("silu"),
    "mish": lambda: activated("mish"),
    "selu": lambda: activated("selu"),
    "ELU": lambda: activated("elu"),
    "softplus": lambda: activated("softplus"),
    "hard swish": lambda: activated("hard_swish"),
    "leaky ReLU": lambda: activated(L.LeakyReLU()),
    "PReLU": lambda: activated(L.PReLU(shared_axes=[1, 2])),
    "batch norm before ReLU": lambda: normalized(batch_norm(), batch_norm()),
    "batch norm behind ReLU": lambda: chain(
        L.Conv2D(8, 3, **RELU), batch_norm(), L.MaxPooling2D(), L.Conv2D(16, 3, strides=2, **RELU), batch_norm()
    ),
    "batch norm behind dead ReLUs": lambda: dying(
        chain(
            L.Conv2D(16, 3, **RELU),
            batch_norm(),
            L.MaxPooling2D(),
            L.Conv2D(32, 3, **RELU),
            batch_norm(),
            L.Conv2D(32, 3, strides=2, **RELU),
            batch_norm(),
            L.Flatten(),
            L.Dense(32, "relu"),
        )
    ),
    "LayerNorm": lambda: normalized(L.LayerNormalization(), L.LayerNormalization()),
    "GroupNorm": lambda: normalized(L.GroupNormalization(4), L.GroupNormalization(4)),
    "instance norm": lambda: normalized(L.GroupNormalization(-1), L.GroupNormalization(-1)),
    "RMS norm": lambda: normalized(L.RMSNormalization(), L.RMSNormalization()),
    "separable convolutions": lambda: chain(
        L.SeparableConv2D(16, 5, strides=2, **RELU), L.SeparableConv2D(32, 3, strides=2, **RELU)
    ),
    "dilated convolutions": lambda: chain(
        L.Conv2D(8, 3, **RELU), L.Conv2D(16, 3, dilation_rate=2, **RELU), L.MaxPooling2D(4)
    ),
    "transposed convolution": lambda: chain(
        L.Conv2D(8, 5, strides=4, **RELU), L.Conv2DTranspose(8, 3, strides=2, **RELU), L.MaxPooling2D()
    ),
    "grouped convolution": lambda: chain(L.Conv2D(8, 5, strides=2, **RELU), L.Conv2D(16, 3, strides=2, groups=4, **RELU)),
    "convolution of rows": lambda: rows(L.Conv1D(32, 3, **RELU), L.MaxPooling1D(), L.Conv1D(32, 3, **RELU)),
    "residual": lambda: graph(residual),
    "inverted residual": lambda: graph(inverted_residual),
    "inception": lambda: graph(inception),
    "densely connected": lambda: graph(densely_connected),
    "squeeze and excitation": lambda: graph(squeezed_and_excited),
    "spatial attention": lambda: graph(spatial_attention),
    "U-shaped": lambda: graph(u_shaped),
    "ConvMixer": lambda: graph(conv_mixer),
    "highway": lambda: graph(highway),
    "a network within": nested,
    "augmentation inside": lambda: chain(
        L.RandomRotation(0.02), L.GaussianNoise(0.1), L.Conv2D(8, 5, strides=2, **RELU), L.SpatialDropout2D(0.1)
    ),
    "vision transformer": lambda: of_patches(attention),
    "external attention": lambda: of_patches(external_attention),
    "MLP-mixer": lambda: of_patches(mlp_mixer),
    "gated MLP": lambda: of_patches(gated_mlp),
    "FNet": lambda: of_patches(fourier),
    "LSTM": lambda: rows(L.LSTM(32)),
    "GRU": lambda: rows(L.GRU(32)),
    "SimpleRNN": lambda: rows(L.SimpleRNN(32)),
    "bidirectional LSTM": lambda: rows(L.Bidirectional(L.LSTM(16))),
    "pixel by pixel": lambda: chain(L.Reshape((196, 4)), L.SimpleRNN(16), shape=(28, 28)),
    "ConvLSTM": lambda: chain(L.Reshape((4, 7, 28, 1)), L.ConvLSTM2D(4, 3, strides=2)),
}
