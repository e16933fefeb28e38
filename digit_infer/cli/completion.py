"""``digit-infer completion``: completion for the shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print what completes commands, options and models in SHELL.

    For bash, add to ~/.bashrc: eval "$(digit-infer completion bash)"
    """
    from digit_infer.cli import main

    completion = get_completion_class(shell)
    if completion is None:
        raise click.UsageError(f"click knows no completion for {shell}")
    click.echo(completion(main, {}, "digit-infer", "_DIGIT_INFER_COMPLETE").source())
