"""``digit-infer``: one module per command, imported when the command is called."""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
from importlib import import_module

import click

from digit_infer import __version__
from digit_infer.cli.reporting import ReportingGroup

_COMMANDS = ("predict", "read", "batch", "serve", "models", "bench", "doctor", "completion")

_GARBAGE_THRESHOLD = 50_000
"""Allocations between two garbage collections; Python's 700 would collect during imports, which leave no garbage."""


class LazyGroup(ReportingGroup):
    """A group whose commands are named ``command`` in modules of their name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, in the order of the help."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command, or return None for an unknown name."""
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


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script that completes commands, options and models in SHELL.

    For bash, add to ~/.bashrc: eval "$(digit-infer completion bash)"
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"click knows no completion for {shell}")
    click.echo(found(main, {}, "digit-infer", "_DIGIT_INFER_COMPLETE").source())


def run() -> None:
    """Run ``main`` as the console script does: exit handlers run, and then the process ends without further teardown.

    Python would otherwise unload numpy and the runtime module by module: 45 ms of processor time, where the whole of
    ``digit-infer predict PICTURE`` takes 220 (medians of 25 pairs).
    """
    gc.set_threshold(_GARBAGE_THRESHOLD)
    status: object = 0
    try:
        main()
    except SystemExit as leaving:
        status = leaving.code
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is answered: Ctrl-C comes too late
    atexit._run_exitfuncs()  # noqa: SLF001  # os._exit skips them; coverage and users' plug-ins rely on them
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status if isinstance(status, int) else 1)
