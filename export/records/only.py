"""Records of all models, of which some may be measured again, or for the first time, without the others."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import click

from digit_infer import zoo
from export.stored import store_among, store_measured

of_models = click.option(
    "--model",
    "only",
    multiple=True,
    type=click.Choice(list(zoo.models())),
    callback=lambda _context, _option, names: tuple(dict.fromkeys(names)),
    help="Only this one, and keep what is recorded of others. Repeatable. [default: all, anew]",
)


def store(
    path: Path,
    schema: int,
    key: str,
    measured: dict[str, Any] | list[Any],
    model_of: Callable[[Any], str],
    only: Collection[str],
    how_to_make: str,
) -> None:
    """Write a record anew, or with ``only`` put these models among the others (``store_among``)."""
    if only:
        store_among(path, schema, key, measured, model_of, only, how_to_make)
    else:
        store_measured(path, schema, {key: measured})
