"""``python -m training search``: candidates for our own networks, evaluated on held-out training images."""

from __future__ import annotations

from pathlib import Path

import click

from digit_infer.cli.output import Column, print_table
from digit_infer.errors import UsageError
from training.cli.options import runs_option
from training.recipes.own import CANDIDATES


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME…")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="The seed to train.")
@runs_option
def search(names: tuple[str, ...], seed: int, runs: Path) -> int:
    """Train candidates, or continue where an earlier call stopped, and record their results on held-out images.

    The test set is not used. What may take the name of a network in use is recorded beside its run, and so are seeds other
    than 0.
    """
    from training.progress import ProgressBars
    from training.search import TRIED, stored
    from training.search import search as judge

    known = [*TRIED, *CANDIDATES]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(f"there is no candidate {unknown[0]!r}", f"choose from {', '.join(known)}")

    rows = []
    for name in names:
        with ProgressBars() as bars:
            record, path = judge(CANDIDATES.get(name) or stored(name)[0], runs, bars, seed)
        click.echo(f"{name}, seed {seed}: recorded in {path}", err=True)
        held_out = record["held_out"]
        rows.append((name, *(f"{held_out[figure]:.4f}" for figure in ("plain_accuracy", "plain_loss", "changed_accuracy"))))
    columns = [Column("candidate"), *(Column(name, number=True) for name in ("accuracy", "loss", "accuracy, changed"))]
    print_table(columns, rows)
    return 0
