"""The part of the report on the speed of training."""

from __future__ import annotations

from training.report.page import paragraph, table
from training.speed import AFTER, BEFORE, ONE_CPU, RECIPES, SETTINGS, stored


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
    slower_alone = ", ".join(
        f"{seconds[recipe, ONE_CPU.name].epoch / seconds[recipe, AFTER.name].epoch:.1f} (`{recipe}`)" for recipe in RECIPES
    )
    return "\n\n".join(
        (
            paragraph(f"""Seconds an epoch, medians of {measured[0].epochs} after a call that compiles, by `python
                -m training speed` on {environment["cpus"]} CPUs ({environment["backend"]}, Keras
                {environment["keras"]}):"""),
            table(["setting", "same weights", *(f"{recipe}:" for recipe in RECIPES)], lines),
            paragraph(f"""Twenty batches in one call of the compiled step leave every weight the same to the bit (a
                test says so), so the trainer does that: {gains}. XLA and larger batches are another training, and
                stay as published. One CPU alone takes as many times as long as two: {slower_alone}. Below 2, two
                runs at a time on a CPU each, as `--jobs 2` deals them out, get more done than one after the other."""),
        )
    )
