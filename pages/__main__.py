"""``python -m pages``: write all generated pages, model cards and pictures, or check that the texts are current."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

import click

from digit_infer.cli.reporting import ReportingCommand
from digit_infer.files import write_text


@click.command(cls=ReportingCommand)
@click.option("--check", is_flag=True, help="Write nothing; print differences from the records and exit with 1.")
@click.option("--pictures/--no-pictures", default=True, help="Draw the pictures as well.")
def main(*, check: bool, pictures: bool) -> None:
    """Write the pages of docs/, the model cards and the pictures from the stored records."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # before Keras loads its backend
    from pages.catalogue import ROOT, draw_pictures, pages

    stale = []
    for path, text in pages().items():
        if check:
            stale += difference(path, text())
        else:
            write_text(path, text())
            click.echo(str(path.relative_to(ROOT)))
    if stale:
        click.echo("\n".join(stale))
        raise click.exceptions.Exit(1)
    if pictures and not check:
        draw_pictures()


def difference(path: Path, text: str) -> list[str]:
    """Return the diff between a page and its new text."""
    now = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return list(difflib.unified_diff(now, text.splitlines(), str(path), "from the records", lineterm="", n=0))


if __name__ == "__main__":
    main(prog_name="python -m pages")
