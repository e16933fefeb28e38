"""The console script ``digit-infer``: Ctrl-C is provided for before anything else is imported."""

from digit_infer.parallel.interrupts import end_at_once


def run() -> None:
    """Run the command line."""
    end_at_once()
    from digit_infer.cli import run as run_command_line

    run_command_line()
