"""The vocabulary of the recipes: each function declares one Keras layer, with Keras' defaults where nothing is said."""

from __future__ import annotations

from typing import Any

from training.recipe import Part

POOL = Part("MaxPooling2D", {"pool_size": 2})
POOL_SAME = Part("MaxPooling2D", {"pool_size": 2, "padding": "same"})
FLATTEN = Part("Flatten")
BATCH_NORM = Part("BatchNormalization")


def normal(deviation: float) -> Part:
    """Draw weights from a normal distribution around zero."""
    return Part("RandomNormal", {"mean": 0.0, "stddev": deviation})


def constant(value: float) -> Part:
    """Start all weights at one value."""
    return Part("Constant", {"value": value})


def l2(factor: float) -> Part:
    """Add ``factor`` times the sum of squared weights to the loss."""
    return Part("L2", {"l2": factor})


def conv(filters: int, size: int, **settings: Any) -> Part:
    """Declare a convolution with square kernels: stride 1, no padding and ReLU unless said."""
    return Part("Conv2D", {"filters": filters, "kernel_size": size, "activation": "relu", **settings})


def dense(units: int, activation: str = "relu", **settings: Any) -> Part:
    """Declare a dense layer."""
    return Part("Dense", {"units": units, "activation": activation, **settings})


def dropout(rate: float) -> Part:
    """Declare dropout of a share of the activations."""
    return Part("Dropout", {"rate": rate})


def classes(**settings: Any) -> Part:
    """Declare the output: the probabilities of ten classes."""
    return dense(10, "softmax", **settings)


def in_words(part: Part) -> str:
    """Return a layer as a person would write it, such as ``conv 32 5×5 relu``."""
    settings: dict[str, Any] = dict(part.settings)
    match part.kind:
        case "Conv2D":
            size = settings["kernel_size"]
            words = f"conv {settings['filters']} {size}×{size}"
            words += f" stride {settings['strides']}" if settings.get("strides", 1) != 1 else ""
        case "Dense":
            words = f"dense {settings['units']}"
        case "MaxPooling2D":
            words = "pool 2×2"
        case "Dropout":
            words = f"dropout {settings['rate']:g}"
        case "BatchNormalization":
            words = "batch norm"
        case other:
            words = other.lower()
    words += " same" if settings.get("padding") == "same" else ""
    words += f" {settings['activation']}" if settings.get("activation") is not None else ""
    if (penalty := settings.get("kernel_regularizer")) is not None:
        words += f", L2 {penalty.settings['l2']:g}"
    return words
