"""How every command reports an error: one line on stderr and an exit code; ``--debug`` shows the traceback."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from digit_infer.errors import DigitInferError

INTERRUPTED = 130


class CommandGroup(click.Group):
    """A group that takes ``--debug`` and turns each error of our tree into its line and its exit code."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.params.append(click.Option(["--debug"], is_flag=True, expose_value=False, help="Show tracebacks."))

    def main(self, args: Sequence[str] | None = None, *rest: Any, **settings: Any) -> Any:
        """Run the command line and exit."""
        arguments = list(sys.argv[1:] if args is None else args)
        debug = "--debug" in arguments
        settings["standalone_mode"] = False
        try:
            sys.exit(super().main([word for word in arguments if word != "--debug"], *rest, **settings) or 0)
        except click.exceptions.Exit as exit_request:
            sys.exit(exit_request.exit_code)
        except click.ClickException as error:
            error.show()
            sys.exit(error.exit_code)
        except DigitInferError as error:
            if debug:
                raise
            click.echo(f"error: {error}", err=True)
            sys.exit(error.exit_code)
        except (KeyboardInterrupt, click.Abort):
            click.echo("interrupted", err=True)
            sys.exit(INTERRUPTED)
