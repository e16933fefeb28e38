"""The part of the report on the speed of training."""

from __future__ import annotations

from training.report.page import paragraph, table
from training.speed import AFTER, BEFORE, RECIPES, SETTINGS, stored


def section() -> str:
    """Return seconds an epoch by network and setting, and what follows from them."""
    environment, measured = stored()
    seconds = {(entry.recipe, entry.setting): entry for entry in measured}
    lines = [
        (
            setting.name,
            "yes" if setting.same_result else "no",
            *(f"{seconds[recipe, setting.name].epoch:.2f}" for recipe in RECIPES),
        )
        for setting in SETTINGS
    ]
    lines.append(
        ("of these, shuffling and augmenting", "", *(f"{seconds[recipe, AFTER.name].input:.2f}" for recipe in RECIPES))
    )
    gains = ", ".join(
        f"`{recipe}` {seconds[recipe, BEFORE.name].epoch:.2f} s before, {seconds[recipe, AFTER.name].epoch:.2f} s after"
        for recipe in RECIPES
    )
    one = SETTINGS[3].name
    two_at_once = ", ".join(
        f"{2 * seconds[recipe, AFTER.name].epoch / seconds[recipe, one].epoch:.1f} (`{recipe}`)" for recipe in RECIPES
    )
    return "\n\n".join(
        (
            paragraph(f"""Seconds an epoch, medians of {measured[0].epochs} after a call that compiles, by `python
                -m training speed` on {environment["cpus"]} CPUs ({environment["backend"]}, Keras
                {environment["keras"]}):"""),
            table(["setting", "same weights", *(f"{recipe}:" for recipe in RECIPES)], lines),
            paragraph(f"""Twenty batches in one call of the compiled step leave every weight the same to the bit (a
                test says so), so the trainer does that: {gains}. What bounded the small networks was the call, not
                the arithmetic. Larger batches would be faster still, but another training. A second CPU adds little
                to one run, so `--jobs 2` gives each of two runs its own: together they do as much as one run on
                both CPUs times {two_at_once}."""),
        )
    )
