"""``python -m training speed``."""

from __future__ import annotations

import click
from rich.console import Console

from digit_infer.cli.output import Column, print_table
from training import speed as measuring


@click.command()
def speed() -> None:
    """Measure the speed of training under several settings, and record it. The machine should be idle."""
    with Console(stderr=True).status("measuring") as status:
        measured = measuring.measure_all(status.update)
    measuring.store(measured)
    columns = [Column("network"), Column("setting"), Column("s an epoch", number=True), Column("input s", number=True)]
    print_table(columns, [(entry.recipe, entry.setting, f"{entry.epoch:.2f}", f"{entry.input:.3f}") for entry in measured])
