"""Every recipe by its name, one module a group."""

from training.recipe import Recipe
from training.recipes import group_a, group_b, group_c, group_d, group_e

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe for group in (group_a, group_b, group_c, group_d, group_e) for recipe in group.RECIPES
}
