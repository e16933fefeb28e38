"""The recipes: what each is called, how a user would say it, and where it runs."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from digit_infer.image.decode import Grey

Normalizer: TypeAlias = "Callable[[Grey], Grey]"
"""A grey picture uint8 [H, W] -> what the network sees, uint8 [28, 28]; an empty image where nothing is found."""


@dataclass(frozen=True)
class Recipe:
    """A way to bring pictures into MNIST's form.

    ``environment`` is one of ``bench.peers.environments``; ours needs none of what it holds. ``module`` is in this folder,
    and has ``normalize`` and ``STEPS``.
    """

    name: str
    written: str
    environment: str
    package: str
    module: str

    def load(self) -> tuple[Normalizer, Mapping[str, Callable[[Grey], object]]]:
        """Import it, with its library: what normalizes, and single steps that the recipes have in common."""
        module = importlib.import_module(f"bench.normalizers.{self.module}")
        return module.normalize, module.STEPS


OURS = Recipe("ours", "`digit_infer.image.normalize`", "opencv", "pillow", "by_ours")
RECIPES: Mapping[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        OURS,
        Recipe(
            "opencv_otsu", "OpenCV: median, Otsu, pieces, moments", "opencv", "opencv-python-headless", "by_opencv_otsu"
        ),
        Recipe(
            "opencv_adaptive",
            "OpenCV: the same, `adaptiveThreshold`",
            "opencv",
            "opencv-python-headless",
            "by_opencv_adaptive",
        ),
        Recipe(
            "scikit_image",
            "scikit-image: median, Sauvola, `regionprops`",
            "scikit_image",
            "scikit-image",
            "by_scikit_image",
        ),
    )
}
