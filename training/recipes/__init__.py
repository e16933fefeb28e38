"""Every recipe and every sweep by its name, one module a group."""

from training.recipe import Recipe
from training.recipes import group_a, group_b, group_c, group_d, group_e
from training.sweep import Sweep

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe for group in (group_a, group_b, group_c, group_d, group_e) for recipe in group.RECIPES
}
SWEEPS: dict[str, Sweep] = {sweep.name: sweep for group in (group_b, group_d) for sweep in group.SWEEPS}
