"""The options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from digit_infer.choice import MAX_THREADS
from digit_infer.contract import PRECISIONS
from digit_infer.runtimes.protocol import RUNTIME_NAMES
from digit_infer.zoo import DEFAULT_MODEL

F = TypeVar("F", bound=Callable[..., Any])


def complete_model(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Offer the zoo's names to the shell."""
    del context, parameter
    from digit_infer.zoo import models

    return [name for name in models() if name.startswith(incomplete)]


model_option = click.option(
    "--model",
    default=DEFAULT_MODEL,
    show_default=True,
    shell_complete=complete_model,
    help="A model of the zoo, or the path of a .onnx, .tflite or .keras file.",
)
runtime_option = click.option(
    "--runtime",
    type=click.Choice([*RUNTIME_NAMES, "auto"]),
    default="auto",
    show_default=True,
    help="Where to run it; auto takes the fastest for one picture that is available, and says which.",
)
precision_option = click.option(
    "--precision", type=click.Choice(PRECISIONS), help="Which of the zoo's files; the most exact one by default."
)
threads_option = click.option(
    "--threads", type=click.IntRange(1, MAX_THREADS), help="Threads that one call may use. [default: 1]"
)
reject_option = click.option(
    "--reject-below",
    type=click.FloatRange(0, 1),
    metavar="SHARE",
    help="Less confidence than this means that there is no digit. [default: the model's own measure]",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout, and nothing else there.")


def answering(function: F) -> F:
    """Give a command ``pictures``, and what is to answer them: a model, where it runs, and what it rejects."""
    for option in (reject_option, threads_option, precision_option, runtime_option, model_option):
        function = option(function)
    return click.argument("pictures", nargs=-1, required=True, metavar="PICTURE…")(function)


def drawing_option(name: str, what: str) -> Callable[[F], F]:
    """Return an option that names a PNG file to draw in; ``pictures.check_drawing`` sees whether it can be."""
    return click.option(name, type=click.Path(path_type=Path, dir_okay=False), metavar="OUT.png", help=what)
