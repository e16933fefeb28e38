"""Every recipe and every sweep by its name, one module a group, and one for networks of our own."""

from digit_infer.errors import UsageError
from training.recipe import Recipe
from training.recipes import group_a, group_b, group_c, group_d, group_e, ink, own
from training.sweep import Sweep

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe for group in (group_a, group_b, group_c, group_d, group_e) for recipe in group.RECIPES
}
"""The published networks."""

OWN: dict[str, Recipe] = {recipe.name: recipe for recipe in own.RECIPES}
"""Networks of our own."""

INK: dict[str, Recipe] = {recipe.name: recipe for recipe in ink.RECIPES}
"""The ink network."""

TRAINED: dict[str, Recipe] = {**RECIPES, **OWN}
"""All classifiers; a sweep has further recipes, one a point."""

SWEEPS: dict[str, Sweep] = {sweep.name: sweep for group in (group_b, group_c, group_d) for sweep in group.SWEEPS}
ROWS: tuple[str, ...] = tuple(name for group in (group_a, group_b, group_c, group_d, group_e) for name in group.ROWS)
"""The eighteen rows in the order of the published table: names of recipes, and one of a sweep."""

MODELS: tuple[str, ...] = (*ROWS, *OWN)
"""Every model that is trained, shipped and exported."""


def recipe_named(name: str) -> Recipe:
    """Return a recipe of a row, or of a point of a sweep.

    Raises:
        UsageError: there is none of that name.
    """
    points = {point.recipe.name: point.recipe for sweep in SWEEPS.values() for point in sweep.points}
    try:
        return {**TRAINED, **INK, **points}[name]
    except KeyError:
        advice = (
            f"it is a sweep: python -m training sweep {name}" if name in SWEEPS else f"choose from {', '.join(TRAINED)}"
        )
        raise UsageError(f"there is no recipe {name!r}", advice) from None


def sweep_named(name: str) -> Sweep:
    """Return a sweep.

    Raises:
        UsageError: there is none of that name.
    """
    try:
        return SWEEPS[name]
    except KeyError:
        raise UsageError(f"there is no sweep {name!r}", f"choose from {', '.join(SWEEPS)}") from None
