"""Diagrams of networks: a stack of layers with output shapes and parameters."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from export.drawing import figure
from training.layers import in_words
from training.network import build
from training.recipe import Recipe

_COLOURS = {
    "Conv2D": "#cfe3ea",
    "MaxPooling2D": "#e8e8e8",
    "Dense": "#f3d9d2",
    "Dropout": "#fbf3d5",
    "BatchNormalization": "#ddebd3",
}
_LINE = 0.27


def diagram(name: str, recipe: Recipe) -> Figure:
    """Draw the layers of a recipe from the image to the probabilities, under a name."""
    stack = build(recipe).layers
    drawn = figure(5.2, _LINE * (len(stack) + 2.2))
    axes = drawn.subplots()
    axes.set_axis_off()
    axes.set_xlim(0, 10)
    axes.set_ylim(len(stack) + 1.6, -0.9)
    axes.text(0, -0.35, name, fontweight="bold")
    axes.text(0.1, 0.5, "image", va="center")
    axes.text(6.6, 0.5, "28 × 28 × 1", va="center", ha="center", color="#555555")
    for number, (part, layer) in enumerate(zip(recipe.network, stack, strict=True), start=1):
        box = FancyBboxPatch((0, number + 0.08), 5.2, 0.84, boxstyle="round,pad=0,rounding_size=0.12", linewidth=0)
        box.set_facecolor(_COLOURS.get(part.kind, "#f4f4f4"))
        axes.add_patch(box)
        axes.text(0.15, number + 0.5, in_words(part), va="center", fontsize=8)
        shape = " × ".join(str(side) for side in layer.output.shape[1:])
        axes.text(6.6, number + 0.5, shape, va="center", ha="center", color="#555555", fontsize=8)
        if parameters := layer.count_params():
            axes.text(9.9, number + 0.5, f"{parameters:,}", va="center", ha="right", fontsize=8)
    axes.text(
        9.9, len(stack) + 1.4, f"{recipe.parameters:,} parameters", va="center", ha="right", fontweight="bold", fontsize=8
    )
    return drawn
