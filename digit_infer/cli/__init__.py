"""``digit-infer``: one file a command, each imported only when it is called."""

from __future__ import annotations

import gc
import os
import sys
import warnings
from importlib import import_module

import click

from digit_infer import __version__
from digit_infer.cli.reporting import ReportingGroup

_COMMANDS = ("predict", "read", "models", "bench", "doctor", "completion")

_RARELY = 50_000
"""New objects between two searches for garbage, for Python's 700: what is imported stays, so a start searches in vain."""


class LazyGroup(ReportingGroup):
    """A group whose commands live in modules of their name, as ``command``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order of use."""
        del ctx  # the names are the same everywhere
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        if cmd_name == "completion":
            return completion
        command: click.Command = import_module(f"digit_infer.cli.{cmd_name}").command
        return command


@click.group(cls=LazyGroup)
@click.version_option(__version__, prog_name="digit-infer")
def main() -> None:
    """Read handwritten digits, on the CPU, a GPU or an edge runtime."""
    # Pillow warns of large images; those of more pixels than are decoded are errors here in any case.
    warnings.filterwarnings("ignore", "Image size")


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what completes commands, options and models in SHELL.

    For bash, add to ~/.bashrc: eval "$(digit-infer completion bash)"
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"click knows no completion for {shell}")
    click.echo(found(main, {}, "digit-infer", "_DIGIT_INFER_COMPLETE").source())


def run() -> None:
    """Run ``main`` and leave at once, as the console script does.

    Python would otherwise take down numpy and the runtime piece by piece, which takes longer than reading a picture.
    What was written is flushed before, and nothing here waits for the interpreter's end.
    """
    gc.set_threshold(_RARELY)
    status: object = 0
    try:
        main()
    except SystemExit as leaving:
        status = leaving.code
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status if isinstance(status, int) else 1)
