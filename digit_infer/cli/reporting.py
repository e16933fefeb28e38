"""Reports errors of commands: one line on stderr and an exit code. ``--debug`` shows the traceback.

Native libraries log to stderr: LiteRT its delegate, TensorFlow its CPU features, ONNX Runtime each CUDA library that is
missing, and libtiff what is odd in a file, and no setting stops it. ``quiet_native_log`` and ``ours_alone`` hide that, so
users see the one line that matters; ``--debug`` shows it.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from typing import Any, TextIO

import click

from digit_infer.errors import DigitInferError, printable

_STDERR = 2

INTERRUPTED = 130
_DEBUG = "--debug"


@contextmanager
def ours_alone() -> Iterator[TextIO]:
    """Discard what is written to file descriptor 2, but for what Python prints on ``sys.stderr``, which is yielded."""
    if "--debug" in sys.argv:
        yield sys.stderr
        return
    sys.stderr.flush()
    try:
        original = os.dup(_STDERR)
    except OSError:  # stderr is closed
        yield sys.stderr
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    encoding = sys.stderr.encoding or "utf-8"
    try:
        with os.fdopen(os.dup(original), "w", buffering=1, encoding=encoding, errors="replace") as stderr:
            os.dup2(nowhere, _STDERR)
            with redirect_stderr(stderr):
                yield stderr
    finally:
        os.dup2(original, _STDERR)
        os.close(original)
        os.close(nowhere)


@contextmanager
def quiet_native_log() -> Iterator[TextIO]:
    """Discard what is written to file descriptor 2, and what Python prints; yield the real stderr for our messages."""
    with ours_alone() as stderr, ExitStack() as stack:
        if "--debug" not in sys.argv:
            stack.enter_context(redirect_stdout(io.StringIO()))
            stack.enter_context(redirect_stderr(io.StringIO()))
        yield stderr


class ReportingCommand(click.Command):
    """A command or group that accepts ``--debug`` anywhere and reports errors by a line and an exit code."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.params.append(click.Option([_DEBUG], is_flag=True, expose_value=False, help="Show tracebacks of errors."))

    def main(self, args: Sequence[str] | None = None, *rest: Any, **settings: Any) -> Any:
        """Run the command line; exit with the command's return value, or with the code of its error."""
        words = list(sys.argv[1:] if args is None else args)
        settings["standalone_mode"] = False
        _prepare_streams()
        try:
            status = super().main([word for word in words if word != _DEBUG], *rest, **settings)
            sys.stdout.flush()
        except click.ClickException as error:
            click.echo(f"error: {printable(error.format_message())} (--help shows how)", err=True)
            status = error.exit_code
        except DigitInferError as error:
            if _DEBUG in words:
                raise
            click.echo(f"error: {error}", err=True)
            status = error.exit_code
        except (KeyboardInterrupt, click.Abort):
            click.echo("interrupted", err=True)
            status = INTERRUPTED
        except BrokenPipeError:  # the reader has closed the pipe, as `head` does
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            status = 1
        except OSError as error:
            if _DEBUG in words:
                raise
            where = f" ({printable(str(error.filename))})" if error.filename else ""
            click.echo(f"error: {error.strerror or error}{where}; check the path, its permissions and the disk", err=True)
            status = 1
        sys.exit(status or 0)


def _prepare_streams() -> None:
    """Replace closed streams, and characters that the encoding of a stream lacks."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123  # open until the process ends
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


class ReportingGroup(ReportingCommand, click.Group):
    """A group of commands that reports errors in this way."""
