"""Options of several commands."""

from pathlib import Path

import click

RUNS = Path(__file__).parents[2] / "runs"

runs_option = click.option(
    "--runs",
    type=click.Path(path_type=Path, resolve_path=True),
    default=RUNS,
    show_default="runs/",
    help="Folder of the runs' states.",
)
