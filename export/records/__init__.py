"""Measurements over all networks that documents are written from, each with the command that makes it."""

from __future__ import annotations

import click

from digit_infer import zoo

of_models = click.option(
    "--model",
    "only",
    multiple=True,
    type=click.Choice(list(zoo.models())),
    callback=lambda _context, _option, names: tuple(dict.fromkeys(names)),
    help="Measure this one only, and keep what is recorded of others. Repeatable. [default: all]",
)
